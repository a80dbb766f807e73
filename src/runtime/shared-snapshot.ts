// Lets all actors of a machine start from one initial snapshot, which is computed once (XState 5.33 computes it for
// each actor: 27 µs and 2.5 kB; shared: 4 µs and 1.8 kB). It must never be used for a machine whose initial state
// depends on the input, or which spawns anything on the way to it.
import { isDeepStrictEqual } from "node:util";
import {
  type ActorScope,
  type AnyActorScope,
  type AnyStateMachine,
  type InputFrom,
  initialTransition,
  type MachineContext,
} from "xstate";

/**
 * The same machine, whose actors share their first snapshot except for the context. The entry actions of the initial
 * states still run for each actor.
 * @param example any input. @throws Error when the machine cannot start this way.
 */
export function shareInitialSnapshot<Machine extends AnyStateMachine>(
  machine: Machine,
  example: InputFrom<Machine>,
): Machine {
  const [initial, actions] = initialTransition<AnyStateMachine>(machine, example);
  const contextOf: unknown = machine.config.context;
  if (typeof contextOf !== "function") throw new Error(`${machine.id}: its context must be a function of its input`);
  if (!isDeepStrictEqual(initial.context, contextOf({ input: example })))
    throw new Error(`${machine.id}: it assigns context at its start, which cannot be shared`);
  const isPlain = initial.status === "active" && Object.keys(initial.children).length === 0;
  if (!isPlain || actions.some(({ type }) => type.startsWith("xstate.")))
    throw new Error(`${machine.id}: it spawns, invokes, delays or ends at its start, which cannot be shared`);
  const logic: Machine = Object.create(machine);
  return Object.defineProperty(logic, "getInitialSnapshot", {
    value: (scope: ActorScope<never, never> & AnyActorScope, input: InputFrom<Machine>) => {
      const context: MachineContext = contextOf({ input });
      const { self, system } = scope;
      const event = { type: "xstate.init", input };
      for (const action of actions)
        scope.actionExecutor({ ...action, info: { ...action.info, context, event, self, system } });
      return { ...initial, context };
    },
  });
}

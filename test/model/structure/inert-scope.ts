// Steps a machine without running anything: no action, no child, no timer.
import { type AnyActorScope, type AnyStateMachine, type AnyTransitionDefinition, createActor } from "xstate";
import { transitionsOf } from "../../../src/runtime/xstate-internals.ts";

/** @param note is called with the transitions of each microstep. */
export function inertScope(
  machine: AnyStateMachine,
  note: (transitions: readonly AnyTransitionDefinition[]) => void,
): AnyActorScope {
  const self = createActor(machine, { input: {} });
  self.system.inspect((event) => {
    if (event.type === "@xstate.microstep" && event.actorRef === self) note(transitionsOf(event));
  });
  const nothing = (): void => {};
  return {
    self,
    id: self.id,
    sessionId: self.sessionId,
    system: self.system,
    logger: nothing,
    defer: nothing,
    emit: nothing,
    stopChild: nothing,
    actionExecutor: nothing,
  };
}

// The name of a transition, the same for coverage, pictures and the live page: where it starts, what sets it off, and
// which of its branches it is.
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from "xstate";

/** Such as `connection.open.flow.congested socket.drained 0`; the event of an eventless transition reads `always`. */
export function transitionKey(definition: AnyTransitionDefinition): string {
  const { source, eventType } = definition;
  const branches = eventType === "" ? source.always : source.transitions.get(eventType);
  return `${source.id} ${eventType || "always"} ${branches?.indexOf(definition) ?? 0}`;
}

/** Every transition of a chart, the outer states' first. */
export function transitionKeysOf(machine: AnyStateMachine): string[] {
  const walk = (node: AnyStateNode): string[] => [
    ...[...node.transitions.values()].flat().map(transitionKey),
    ...(node.always ?? []).map(transitionKey),
    ...Object.values(node.states).flatMap(walk),
  ];
  return walk(machine.root);
}

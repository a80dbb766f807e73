// Names a transition by source state, event and branch index. Coverage, pictures and the live page share these names.
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from "xstate";

/** Such as `connection.open.flow.congested socket.drained 0`; an eventless transition has `always` for the event. */
export function transitionKey(definition: AnyTransitionDefinition): string {
  const { source, eventType } = definition;
  const branches = eventType === "" ? source.always : source.transitions.get(eventType);
  return `${source.id} ${eventType || "always"} ${branches?.indexOf(definition) ?? 0}`;
}

/** The keys of all transitions of a chart, outer states first. */
export function transitionKeysOf(machine: AnyStateMachine): string[] {
  const walk = (node: AnyStateNode): string[] => [
    ...[...node.transitions.values()].flat().map(transitionKey),
    ...(node.always ?? []).map(transitionKey),
    ...Object.values(node.states).flatMap(walk),
  ];
  return walk(machine.root);
}

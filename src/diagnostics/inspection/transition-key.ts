// Names a transition by source state, event and branch index. Coverage, pictures and the live page share these names.
import type { AnyTransitionDefinition } from "xstate";

/** Such as `connection.open.flow.congested socket.drained 0`; an eventless transition has `always` for the event. */
export function transitionKey(definition: AnyTransitionDefinition): string {
  const { source, eventType } = definition;
  const branches = eventType === "" ? source.always : source.transitions.get(eventType);
  return `${source.id} ${eventType || "always"} ${branches?.indexOf(definition) ?? 0}`;
}

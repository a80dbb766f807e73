// Subscribes one request to a conversation's events. After unsubscribing the listener is never called, and a malformed
// event is dropped without further harm (src/ports/guarded-orchestrator.ts).
import { GuardedOrchestrator } from "../ports/guarded-orchestrator.ts";
import type { LoggedEvent } from "../ports/orchestrator.ts";
import type { HttpParts } from "./context.ts";

export function subscribe(
  { orchestrator, logger }: HttpParts,
  conversationId: string,
  listener: (event: LoggedEvent) => void,
): () => void {
  const unsubscribe = new GuardedOrchestrator(orchestrator, logger).subscribe(conversationId, listener);
  if (unsubscribe === undefined) throw new Error("the orchestrator refused a subscription");
  return unsubscribe;
}

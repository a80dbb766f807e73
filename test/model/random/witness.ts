// Wraps an orchestrator and reports the server's calls and their answers to the oracle. Must never change a call or an
// answer.
import type { Orchestrator } from "../../../src/ports/orchestrator.ts";
import type { Oracle } from "../oracle.ts";

export function witnessed(inner: Orchestrator, oracle: () => Oracle | undefined): Orchestrator {
  return {
    startTurn(request) {
      const hear = oracle()?.port.asksForTurn(request.conversationId, request.text);
      const answer = inner.startTurn(request);
      hear?.(answer);
      return answer;
    },
    enqueue(request) {
      const hear = oracle()?.port.asksToQueue(request.conversationId, request.text);
      const answer = inner.enqueue(request);
      hear?.(answer);
      return answer;
    },
    cancelQueuedMessage(request) {
      const hear = oracle()?.port.asksToWithdraw(request.conversationId, request.messageId);
      const answer = inner.cancelQueuedMessage?.(request) ?? { cancelled: false, queue: [] };
      hear?.(answer.cancelled);
      return answer;
    },
    stopTurn(conversationId) {
      const hear = oracle()?.port.asksToStop(conversationId);
      const answer = inner.stopTurn(conversationId);
      hear?.(answer.abortedTurn);
      return answer;
    },
    subscribe: (conversationId, listener) => inner.subscribe(conversationId, listener),
    isActive: (conversationId) => inner.isActive(conversationId),
    closeConversation: (conversationId) => inner.closeConversation(conversationId),
  };
}

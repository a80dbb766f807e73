// The surface `message-queue`: a conversation's queued texts, which the page shows and can withdraw.
import type { Conversations } from "../../ports/conversations.ts";
import type { SurfaceProvider } from "../../ports/surfaces.ts";
import type { Changes } from "../orchestrator/context.ts";

const head = { id: "message-queue", region: "conversation", title: "Queue" };

export function createMessageQueueSurface(conversations: Conversations, changes: Changes): SurfaceProvider {
  return {
    catalogEntry: head,
    getSpec: (context) => ({
      ...head,
      fields: [
        {
          kind: "custom",
          rendererId: "message-queue",
          payload: { messages: context ? (conversations.queue?.(context.conversationId) ?? []) : [] },
        },
      ],
    }),
    invoke(actionId) {
      throw new Error(`message-queue has no action "${actionId}": withdraw a text with chat.queue.cancel`);
    },
    subscribe: (onChange) =>
      changes((change) => {
        if (change.what === "queue") onChange({ conversationId: change.conversationId });
      }),
  };
}

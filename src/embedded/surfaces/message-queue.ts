// The surface `message-queue`: a conversation's queued texts, which the page shows and can withdraw.
import type { Conversations } from "../../ports/conversations.ts";
import type { SurfaceProvider } from "../../ports/surfaces.ts";
import type { Changes } from "./changes.ts";

export function createMessageQueueSurface(conversations: Conversations, changes: Changes): SurfaceProvider {
  return {
    catalogEntry: { id: "message-queue", region: "conversation", title: "Queue" },
    getSpec: (context) => ({
      id: "message-queue",
      region: "conversation",
      title: "Queue",
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

// chat.queue.cancel: withdraws one text that still waits in the queue (protocol 1.1).
import * as v from "valibot";
import { id } from "./parts.ts";

export const chatQueueCancelSchema = v.object({
  type: v.literal("chat.queue.cancel"),
  conversationId: id,
  messageId: id,
});

export type ChatQueueCancel = v.InferOutput<typeof chatQueueCancelSchema>;

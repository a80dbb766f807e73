// chat.queue.cancel: withdraws one text that still waits in the queue (protocol 1.1).
import * as v from "valibot";
import { id, pairing } from "./fields.ts";

export const chatQueueCancelSchema = v.object({
  type: v.literal("chat.queue.cancel"),
  conversationId: id,
  messageId: id,
});

/** On a v1 socket (protocol 2). */
export const chatQueueCancelV1Schema = v.object({ ...chatQueueCancelSchema.entries, ...pairing });

export type ChatQueueCancel = v.InferOutput<typeof chatQueueCancelV1Schema>;

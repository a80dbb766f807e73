// chat.queue: steering, a text that starts a turn or waits for the running one (protocol 1.1).
import * as v from "valibot";
import { id, idempotencyKey, optional, pairing } from "./fields.ts";

export const chatQueueSchema = v.object({
  type: v.literal("chat.queue"),
  conversationId: id,
  text: v.string(),
  workspaceId: optional(id),
});

/** On a v1 socket (protocol 2). */
export const chatQueueV1Schema = v.object({ ...chatQueueSchema.entries, ...pairing, idempotencyKey });

export type ChatQueue = v.InferOutput<typeof chatQueueV1Schema>;

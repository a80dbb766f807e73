// chat.queue: steering, a text that starts a turn or waits for the running one (protocol 1.1).
import * as v from "valibot";
import { id, optional } from "./parts.ts";

export const chatQueueSchema = v.object({
  type: v.literal("chat.queue"),
  conversationId: id,
  text: v.string(),
  workspaceId: optional(id),
});

export type ChatQueue = v.InferOutput<typeof chatQueueSchema>;

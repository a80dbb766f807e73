// chat.cancel: stops the running turn, or only the one named, from any socket (protocol 2).
import * as v from "valibot";
import { id, optional } from "./parts.ts";

export const chatCancelSchema = v.object({
  type: v.literal("chat.cancel"),
  conversationId: id,
  turnId: optional(id),
});

export type ChatCancel = v.InferOutput<typeof chatCancelSchema>;

// chat.cancel: stops the running turn, or only the one named, from any socket (protocol 2).
import * as v from "valibot";
import { id, optional, pairing } from "./fields.ts";

export const chatCancelSchema = v.object({
  type: v.literal("chat.cancel"),
  conversationId: id,
  turnId: optional(id),
});

/** On a v1 socket (protocol 2). */
export const chatCancelV1Schema = v.object({ ...chatCancelSchema.entries, ...pairing });

export type ChatCancel = v.InferOutput<typeof chatCancelV1Schema>;

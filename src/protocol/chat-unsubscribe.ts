// chat.unsubscribe: a client stops watching a conversation; the turn goes on (protocol 1.1).
import * as v from "valibot";
import { id, pairing } from "./fields.ts";

export const chatUnsubscribeSchema = v.object({
  type: v.literal("chat.unsubscribe"),
  conversationId: id,
});

/** On a v1 socket (protocol 2). */
export const chatUnsubscribeV1Schema = v.object({ ...chatUnsubscribeSchema.entries, ...pairing });

export type ChatUnsubscribe = v.InferOutput<typeof chatUnsubscribeV1Schema>;

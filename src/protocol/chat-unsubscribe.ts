// chat.unsubscribe: a client stops watching a conversation; the turn goes on (protocol 1.1).
import * as v from "valibot";
import { id } from "./parts.ts";

export const chatUnsubscribeSchema = v.object({
  type: v.literal("chat.unsubscribe"),
  conversationId: id,
});

export type ChatUnsubscribe = v.InferOutput<typeof chatUnsubscribeSchema>;

// chat.subscribe: a client watches a conversation, from the first event of the running turn on (protocol 1.1).
import * as v from "valibot";
import { id } from "./parts.ts";

export const chatSubscribeSchema = v.object({
  type: v.literal("chat.subscribe"),
  conversationId: id,
});

export type ChatSubscribe = v.InferOutput<typeof chatSubscribeSchema>;

// chat.subscribe: a client watches a conversation, from the first event of the running turn on (protocol 1.1).
import * as v from "valibot";
import { id, optional, pairing } from "./fields.ts";

export const chatSubscribeSchema = v.object({
  type: v.literal("chat.subscribe"),
  conversationId: id,
});

/** The last event that a client has, to go on after it. */
const cursorSchema = v.object(
  {
    epoch: id,
    seq: v.pipe(
      v.number("must be a number"),
      v.safeInteger("must be a whole number"),
      v.minValue(0, "must not be negative"),
    ),
  },
  "must be an object {epoch, seq}",
);
export type StreamCursor = v.InferOutput<typeof cursorSchema>;

/** On a v1 socket (protocol 2). */
export const chatSubscribeV1Schema = v.object({
  ...chatSubscribeSchema.entries,
  ...pairing,
  after: optional(cursorSchema),
});

export type ChatSubscribe = v.InferOutput<typeof chatSubscribeV1Schema>;

// chat.subscribe: a client watches a conversation, beginning with the running turn's first event (protocol 1.1).
import * as v from "valibot";
import { type Fields, type OnV1, optional, schemasOf } from "./fields.ts";

/** The last event that the client has received; the replay begins after it. */
const cursorSchema = (id: Fields["id"]) =>
  v.object(
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
export type StreamCursor = v.InferOutput<ReturnType<typeof cursorSchema>>;

export const chatSubscribeSchemas = ({ id, pairing }: Fields) =>
  schemasOf(
    {
      type: v.literal("chat.subscribe"),
      conversationId: id,
    },
    { ...pairing, after: optional(cursorSchema(id)) },
  );

export type ChatSubscribe = OnV1<typeof chatSubscribeSchemas>;

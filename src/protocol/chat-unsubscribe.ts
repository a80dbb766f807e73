// chat.unsubscribe: a client stops watching a conversation; its turn keeps running (protocol 1.1).
import * as v from "valibot";
import { type Fields, type OnV1, schemasOf } from "./fields.ts";

export const chatUnsubscribeSchemas = ({ id, pairing }: Fields) =>
  schemasOf(
    {
      type: v.literal("chat.unsubscribe"),
      conversationId: id,
    },
    pairing,
  );

export type ChatUnsubscribe = OnV1<typeof chatUnsubscribeSchemas>;

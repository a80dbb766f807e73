// chat.queue.cancel: removes one text from the queue (protocol 1.1).
import * as v from "valibot";
import { type Fields, type OnV1, schemasOf } from "./fields.ts";

export const chatQueueCancelSchemas = ({ id, pairing }: Fields) =>
  schemasOf(
    {
      type: v.literal("chat.queue.cancel"),
      conversationId: id,
      messageId: id,
    },
    pairing,
  );

export type ChatQueueCancel = OnV1<typeof chatQueueCancelSchemas>;

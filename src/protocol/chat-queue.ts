// chat.queue: sends a text that starts a turn, or that is queued for the running one as steering (protocol 1.1).
import * as v from "valibot";
import { type Fields, type OnV1, optional, schemasOf } from "./fields.ts";

export const chatQueueSchemas = ({ id, pairing, idempotencyKey, clientMessageId }: Fields) =>
  schemasOf(
    {
      type: v.literal("chat.queue"),
      conversationId: id,
      text: v.string(),
      workspaceId: optional(id),
    },
    { ...pairing, idempotencyKey, clientMessageId },
  );

export type ChatQueue = OnV1<typeof chatQueueSchemas>;

// chat.cancel: stops the running turn, from any socket. With a turnId it stops only that turn (protocol 2).
import * as v from "valibot";
import { type Fields, type OnV1, optional, schemasOf } from "./fields.ts";

export const chatCancelSchemas = ({ id, pairing }: Fields) =>
  schemasOf(
    {
      type: v.literal("chat.cancel"),
      conversationId: id,
      turnId: optional(id),
    },
    pairing,
  );

export type ChatCancel = OnV1<typeof chatCancelSchemas>;

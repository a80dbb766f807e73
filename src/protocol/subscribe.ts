// subscribe: a client watches a surface and its changes (protocol 1.1).
import * as v from "valibot";
import { type Fields, type OnV1, optional, schemasOf } from "./fields.ts";

export const subscribeSchemas = ({ id, pairing }: Fields) =>
  schemasOf(
    {
      type: v.literal("subscribe"),
      surfaceId: id,
      conversationId: optional(id),
    },
    pairing,
  );

export type Subscribe = OnV1<typeof subscribeSchemas>;

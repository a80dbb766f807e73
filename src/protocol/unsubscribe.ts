// unsubscribe: a client stops watching a surface, even one that is still being built (protocol 1.1).
import * as v from "valibot";
import { type Fields, type OnV1, optional, schemasOf } from "./fields.ts";

export const unsubscribeSchemas = ({ id, pairing }: Fields) =>
  schemasOf(
    {
      type: v.literal("unsubscribe"),
      surfaceId: id,
      conversationId: optional(id),
    },
    pairing,
  );

export type Unsubscribe = OnV1<typeof unsubscribeSchemas>;

// invoke: a client runs an action of a surface. A payload of null stays null (protocol 1.1).
import * as v from "valibot";
import { type Fields, type OnV1, optional, schemasOf } from "./fields.ts";

export const invokeSchemas = ({ id, pairing }: Fields) =>
  schemasOf(
    {
      type: v.literal("invoke"),
      surfaceId: id,
      actionId: id,
      payload: v.optional(v.unknown()),
      conversationId: optional(id),
    },
    pairing,
  );

export type Invoke = OnV1<typeof invokeSchemas>;

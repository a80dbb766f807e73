// ping: for browsers, which cannot see WebSocket pings; answered with pong (protocol 2).
import * as v from "valibot";
import { type Fields, type OnV1, schemasOf } from "./fields.ts";

export const pingSchemas = ({ pairing }: Fields) =>
  schemasOf(
    {
      type: v.literal("ping"),
    },
    pairing,
  );

export type Ping = OnV1<typeof pingSchemas>;

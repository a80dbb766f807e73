// ping: answered with pong. For browsers, where a page can neither send nor see WebSocket pings (protocol 2).
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

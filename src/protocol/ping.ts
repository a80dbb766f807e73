// ping: for browsers, which cannot see WebSocket pings; answered with pong (protocol 2).
import * as v from "valibot";
import { pairing } from "./fields.ts";

export const pingSchema = v.object({ type: v.literal("ping") });

/** On a v1 socket (protocol 2). */
export const pingV1Schema = v.object({ ...pingSchema.entries, ...pairing });

export type Ping = v.InferOutput<typeof pingV1Schema>;

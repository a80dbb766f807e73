// ping: for browsers, which cannot see WebSocket pings; answered with pong (protocol 2).
import * as v from "valibot";

export const pingSchema = v.object({ type: v.literal("ping") });

export type Ping = v.InferOutput<typeof pingSchema>;

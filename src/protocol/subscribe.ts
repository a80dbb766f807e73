// subscribe: a client wants to see a surface and its changes (protocol 1.1).
import * as v from "valibot";
import { id, optional, pairing } from "./fields.ts";

export const subscribeSchema = v.object({
  type: v.literal("subscribe"),
  surfaceId: id,
  conversationId: optional(id),
});

/** On a v1 socket (protocol 2). */
export const subscribeV1Schema = v.object({ ...subscribeSchema.entries, ...pairing });

export type Subscribe = v.InferOutput<typeof subscribeV1Schema>;

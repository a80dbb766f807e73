// unsubscribe: a client has seen enough of a surface, also of one that is still being built (protocol 1.1).
import * as v from "valibot";
import { id, optional, pairing } from "./fields.ts";

export const unsubscribeSchema = v.object({
  type: v.literal("unsubscribe"),
  surfaceId: id,
  conversationId: optional(id),
});

/** On a v1 socket (protocol 2). */
export const unsubscribeV1Schema = v.object({ ...unsubscribeSchema.entries, ...pairing });

export type Unsubscribe = v.InferOutput<typeof unsubscribeV1Schema>;

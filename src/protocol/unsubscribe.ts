// unsubscribe: a client has seen enough of a surface, also of one that is still being built (protocol 1.1).
import * as v from "valibot";
import { id, optional } from "./parts.ts";

export const unsubscribeSchema = v.object({
  type: v.literal("unsubscribe"),
  surfaceId: id,
  conversationId: optional(id),
});

export type Unsubscribe = v.InferOutput<typeof unsubscribeSchema>;

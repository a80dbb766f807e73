// subscribe: a client wants to see a surface and its changes (protocol 1.1).
import * as v from "valibot";
import { id, optional } from "./parts.ts";

export const subscribeSchema = v.object({
  type: v.literal("subscribe"),
  surfaceId: id,
  conversationId: optional(id),
});

export type Subscribe = v.InferOutput<typeof subscribeSchema>;

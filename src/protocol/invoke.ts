// invoke: a client runs an action of a surface. A payload of null stays null (protocol 1.1).
import * as v from "valibot";
import { id, optional } from "./parts.ts";

export const invokeSchema = v.object({
  type: v.literal("invoke"),
  surfaceId: id,
  actionId: id,
  payload: v.optional(v.unknown()),
  conversationId: optional(id),
});

export type Invoke = v.InferOutput<typeof invokeSchema>;

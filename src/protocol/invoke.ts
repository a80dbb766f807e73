// invoke: a client runs an action of a surface. A payload of null stays null (protocol 1.1).
import * as v from "valibot";
import { id, optional, pairing } from "./fields.ts";

export const invokeSchema = v.object({
  type: v.literal("invoke"),
  surfaceId: id,
  actionId: id,
  payload: v.optional(v.unknown()),
  conversationId: optional(id),
});

/** On a v1 socket (protocol 2). */
export const invokeV1Schema = v.object({ ...invokeSchema.entries, ...pairing });

export type Invoke = v.InferOutput<typeof invokeV1Schema>;

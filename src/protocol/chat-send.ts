// chat.send: a person's message, which starts a turn that no socket owns (protocol 1.1).
import * as v from "valibot";
import { limits } from "../limits.ts";
import { id, idempotencyKey, optional, pairing, shortString } from "./fields.ts";

export const reasoningEfforts = ["low", "medium", "high", "xhigh", "max"] as const;
export type ReasoningEffort = (typeof reasoningEfforts)[number];

export const isReasoningEffort = (value: unknown): value is ReasoningEffort =>
  (reasoningEfforts as readonly unknown[]).includes(value);

const imageSchema = v.object({
  url: v.pipe(v.string(), v.nonEmpty()),
  mimeType: optional(shortString),
});
export type Image = { url: string; mimeType?: string | undefined };

export const chatSendSchema = v.object({
  type: v.literal("chat.send"),
  message: v.pipe(
    v.string(),
    v.nonEmpty(),
    v.maxBytes(limits.chatTextBytesMax, `must have at most ${limits.chatTextBytesMax} bytes`),
  ),
  conversationId: optional(id),
  model: optional(shortString),
  cwd: optional(shortString),
  reasoningEffort: optional(v.picklist(reasoningEfforts)),
  workspaceId: optional(id),
  computerId: optional(id),
  images: optional(v.array(imageSchema)),
});

/** On a v1 socket (protocol 2). */
export const chatSendV1Schema = v.object({ ...chatSendSchema.entries, ...pairing, idempotencyKey });

export type ChatSend = v.InferOutput<typeof chatSendV1Schema>;

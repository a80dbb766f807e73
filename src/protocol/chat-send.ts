// chat.send: sends a person's message, which starts a turn. The turn belongs to no socket (protocol 1.1).
import * as v from "valibot";
import { type Fields, type OnV1, optional, schemasOf } from "./fields.ts";

export const reasoningEfforts = ["low", "medium", "high", "xhigh", "max"] as const;
export type ReasoningEffort = (typeof reasoningEfforts)[number];

export const isReasoningEffort = (value: unknown): value is ReasoningEffort =>
  (reasoningEfforts as readonly unknown[]).includes(value);

export type Image = { url: string; mimeType?: string | undefined };

export const chatSendSchemas = ({ id, shortString, pairing, idempotencyKey, clientMessageId, chatText }: Fields) =>
  schemasOf(
    {
      type: v.literal("chat.send"),
      message: chatText,
      conversationId: optional(id),
      model: optional(shortString),
      cwd: optional(shortString),
      reasoningEffort: optional(v.picklist(reasoningEfforts)),
      workspaceId: optional(id),
      computerId: optional(id),
      images: optional(v.array(v.object({ url: v.pipe(v.string(), v.nonEmpty()), mimeType: optional(shortString) }))),
    },
    { ...pairing, idempotencyKey, clientMessageId },
  );

export type ChatSend = OnV1<typeof chatSendSchemas>;

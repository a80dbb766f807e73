// Wire messages as the oracle represents them: the requests it knows, and the form in which it compares events and
// refusals. An event with a text is compared by its turn, type, text and reason, any other by all of its fields.
import { isRecord, type Message } from "../../support/client/transcript.ts";
import type { Said } from "../view.ts";

/** Identifies one event in one epoch of a conversation (protocol 2, cursor). */
export interface Cursor {
  epoch: string;
  seq: number;
}

/** A request that may start a turn. With an idempotency key it does so once. */
export type KeyableRequest =
  | { type: "chat.send"; conversationId: string; message: string; idempotencyKey?: string }
  | { type: "chat.queue"; conversationId: string; text: string; idempotencyKey?: string };

/** A request of a client. A malformed request comes with the refusal that it must get. */
export type Request = { id?: string } & (
  | { type: "chat.subscribe"; conversationId: string; after?: Cursor }
  | { type: "chat.unsubscribe"; conversationId: string }
  | KeyableRequest
  | { type: "chat.queue.cancel"; conversationId: string; messageId: string }
  | { type: "chat.cancel"; conversationId: string; turnId?: string }
  | { type: "subscribe" | "unsubscribe"; surfaceId: string; conversationId?: string }
  | { type: "ping" }
  | { type: "malformed"; refusal: Refused }
);

const deltas: ReadonlySet<string> = new Set(["text-delta", "reasoning-delta"]);

/** A turn event in the form that is compared. An event without a text has its other fields as JSON in its place. */
export function saidOf(event: { type: string; turnId: string; [field: string]: unknown }): Said {
  const { type, turnId, conversationId: _, delta, text, reason, ...rest } = event;
  const said: Said = { turnId, type };
  if (deltas.has(type) && typeof delta === "string") said.text = delta;
  else if (typeof text === "string") said.text = text;
  else if (Object.keys(rest).length > 0) said.text = JSON.stringify(rest);
  if (typeof reason === "string") said.reason = reason;
  return said;
}

/** The refusal of a request. A base socket sees only the type, the names and the message. */
export interface Refused {
  type: "error" | "chat.error";
  /** The ids that the refusal names: the surface, the conversation, or both. */
  named: string | undefined;
  message: string;
  /** The error code in a reply (protocol 2). */
  code: string;
}

/** A refusal of the base contract in one line: its type, the ids it names, and its message. */
export const refusalText = ({ type, named, message }: Omit<Refused, "code">): string =>
  [type, named, message].filter((part) => part !== undefined).join(" | ");

/** Like refusalText, for a refusal that came. */
export function refusalOf(reply: Message): string {
  const named = [reply["surfaceId"], reply["conversationId"]].filter((id) => typeof id === "string");
  const type = reply.type === "error" ? "error" : "chat.error";
  return refusalText({
    type,
    named: named.length === 0 ? undefined : named.join(" "),
    message: String(reply["message"]),
  });
}

/** A surface with and without a conversation is two subscriptions (protocol 1.1). */
export const surfaceKey = (surfaceId: string, conversationId: string | undefined): string =>
  conversationId === undefined ? surfaceId : `${surfaceId} ${conversationId}`;

/** The key and the version in a `surface` or `update`. The version is the payload of the spec's only field. */
export function shownIn(message: Message): { key: string; version: number } | undefined {
  const holder = message.type === "update" ? message["update"] : message;
  if (!isRecord(holder) || !isRecord(holder["spec"])) return undefined;
  const { id, fields } = holder["spec"];
  const field: unknown = Array.isArray(fields) ? fields[0] : undefined;
  const version = isRecord(field) ? field["payload"] : undefined;
  const { conversationId } = holder;
  if (typeof id !== "string" || typeof version !== "number") return undefined;
  return { key: surfaceKey(id, typeof conversationId === "string" ? conversationId : undefined), version };
}

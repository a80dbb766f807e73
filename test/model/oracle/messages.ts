// What goes over the wire, in the oracle's words: the requests it knows, and how an event or a refusal is told. Must
// never drop a field of an event: what is lost here is not compared.
import { isRecord, type Message } from "../../support/client/transcript.ts";
import type { Said } from "../view.ts";

/** Names one event of one numbering of a conversation's events (protocol 2, cursor). */
export interface Cursor {
  epoch: string;
  seq: number;
}

/** A request that may start a turn, and may carry a key under which it does so once. */
export type KeyableRequest =
  | { type: "chat.send"; conversationId: string; message: string; idempotencyKey?: string }
  | { type: "chat.queue"; conversationId: string; text: string; idempotencyKey?: string };

/** What a client may ask for; a malformed request comes with the refusal that it must get. */
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

/** A turn event as it is compared: what has no field of its own is told as JSON. */
export function saidOf(event: { type: string; turnId: string; [field: string]: unknown }): Said {
  const { type, turnId, conversationId: _, delta, text, reason, ...rest } = event;
  const said: Said = { turnId, type };
  if (deltas.has(type) && typeof delta === "string") said.text = delta;
  else if (typeof text === "string") said.text = text;
  else if (Object.keys(rest).length > 0) said.text = JSON.stringify(rest);
  if (typeof reason === "string") said.reason = reason;
  return said;
}

/** A request was refused. On the base contract's sockets only type, name and sentence can be seen. */
export interface Refused {
  type: "error" | "chat.error";
  /** Whom it names: the surface, the conversation, or both. */
  named: string | undefined;
  message: string;
  /** Of a reply (protocol 2). */
  code: string;
}

/** The base contract's refusal in one line: its type, whom it names, and the sentence. */
export const refusalText = ({ type, named, message }: Omit<Refused, "code">): string =>
  [type, named, message].filter((part) => part !== undefined).join(" | ");

/** The same of one that came. */
export function refusalOf(reply: Message): string {
  const named = [reply["surfaceId"], reply["conversationId"]].filter((id) => typeof id === "string");
  const type = reply.type === "error" ? "error" : "chat.error";
  return refusalText({
    type,
    named: named.length === 0 ? undefined : named.join(" "),
    message: String(reply["message"]),
  });
}

/** With and without a conversation are two subscriptions (protocol 1.1). */
export const surfaceKey = (surfaceId: string, conversationId: string | undefined): string =>
  conversationId === undefined ? surfaceId : `${surfaceId} ${conversationId}`;

/** The key and the version in a `surface` or `update`: the version is the payload of the spec's one field. */
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

// The closed set of messages that a client may send. The schemas are looked up by type in a Map, because a valibot
// variant over all of them is two to four times slower.
import type * as v from "valibot";
import { type ChatCancel, chatCancelSchemas } from "./chat-cancel.ts";
import { type ChatQueue, chatQueueSchemas } from "./chat-queue.ts";
import { type ChatQueueCancel, chatQueueCancelSchemas } from "./chat-queue-cancel.ts";
import { type ChatSend, chatSendSchemas } from "./chat-send.ts";
import { type ChatSubscribe, chatSubscribeSchemas } from "./chat-subscribe.ts";
import { type ChatUnsubscribe, chatUnsubscribeSchemas } from "./chat-unsubscribe.ts";
import { createFields, type FieldLimits } from "./fields.ts";
import { type Invoke, invokeSchemas } from "./invoke.ts";
import { type Ping, pingSchemas } from "./ping.ts";
import { type Subscribe, subscribeSchemas } from "./subscribe.ts";
import { type Unsubscribe, unsubscribeSchemas } from "./unsubscribe.ts";

export type ClientMessage =
  | Subscribe
  | Unsubscribe
  | Invoke
  | ChatSend
  | ChatSubscribe
  | ChatUnsubscribe
  | ChatQueue
  | ChatQueueCancel
  | ChatCancel
  | Ping;

type Schema = v.GenericSchema<unknown, ClientMessage>;

export type ClientSchemas = ReadonlyMap<string, { base: Schema; v1: Schema }>;

export function clientSchemas(limits: FieldLimits): ClientSchemas {
  const fields = createFields(limits);
  return new Map<string, { base: Schema; v1: Schema }>([
    ["subscribe", subscribeSchemas(fields)],
    ["unsubscribe", unsubscribeSchemas(fields)],
    ["invoke", invokeSchemas(fields)],
    ["chat.send", chatSendSchemas(fields)],
    ["chat.subscribe", chatSubscribeSchemas(fields)],
    ["chat.unsubscribe", chatUnsubscribeSchemas(fields)],
    ["chat.queue", chatQueueSchemas(fields)],
    ["chat.queue.cancel", chatQueueCancelSchemas(fields)],
    ["chat.cancel", chatCancelSchemas(fields)],
    ["ping", pingSchemas(fields)],
  ]);
}

// The closed set of messages a client may send, and the Maps that find the schema of each by its type (a valibot
// variant over all of them is two to four times slower): one for v1 sockets, one for all others, to whom the fields of
// v1 mean nothing.
import type * as v from "valibot";
import { type ChatCancel, chatCancelSchema, chatCancelV1Schema } from "./chat-cancel.ts";
import { type ChatQueue, chatQueueSchema, chatQueueV1Schema } from "./chat-queue.ts";
import { type ChatQueueCancel, chatQueueCancelSchema, chatQueueCancelV1Schema } from "./chat-queue-cancel.ts";
import { type ChatSend, chatSendSchema, chatSendV1Schema } from "./chat-send.ts";
import { type ChatSubscribe, chatSubscribeSchema, chatSubscribeV1Schema } from "./chat-subscribe.ts";
import { type ChatUnsubscribe, chatUnsubscribeSchema, chatUnsubscribeV1Schema } from "./chat-unsubscribe.ts";
import { type Invoke, invokeSchema, invokeV1Schema } from "./invoke.ts";
import { type Ping, pingSchema, pingV1Schema } from "./ping.ts";
import { type Subscribe, subscribeSchema, subscribeV1Schema } from "./subscribe.ts";
import { type Unsubscribe, unsubscribeSchema, unsubscribeV1Schema } from "./unsubscribe.ts";

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

export type ClientSchemas = ReadonlyMap<string, v.GenericSchema<unknown, ClientMessage>>;

/** Of sockets without the subprotocol `turnwire.v1`. */
export const baseSchemas: ClientSchemas = new Map<string, v.GenericSchema<unknown, ClientMessage>>([
  ["subscribe", subscribeSchema],
  ["unsubscribe", unsubscribeSchema],
  ["invoke", invokeSchema],
  ["chat.send", chatSendSchema],
  ["chat.subscribe", chatSubscribeSchema],
  ["chat.unsubscribe", chatUnsubscribeSchema],
  ["chat.queue", chatQueueSchema],
  ["chat.queue.cancel", chatQueueCancelSchema],
  ["chat.cancel", chatCancelSchema],
  ["ping", pingSchema],
]);

export const v1Schemas: ClientSchemas = new Map<string, v.GenericSchema<unknown, ClientMessage>>([
  ["subscribe", subscribeV1Schema],
  ["unsubscribe", unsubscribeV1Schema],
  ["invoke", invokeV1Schema],
  ["chat.send", chatSendV1Schema],
  ["chat.subscribe", chatSubscribeV1Schema],
  ["chat.unsubscribe", chatUnsubscribeV1Schema],
  ["chat.queue", chatQueueV1Schema],
  ["chat.queue.cancel", chatQueueCancelV1Schema],
  ["chat.cancel", chatCancelV1Schema],
  ["ping", pingV1Schema],
]);

// The closed set of messages a client may send, and the Map that finds the schema of each by its type (a valibot
// variant over all of them is two to four times slower).
import type * as v from "valibot";
import { type ChatCancel, chatCancelSchema } from "./chat-cancel.ts";
import { type ChatQueue, chatQueueSchema } from "./chat-queue.ts";
import { type ChatQueueCancel, chatQueueCancelSchema } from "./chat-queue-cancel.ts";
import { type ChatSend, chatSendSchema } from "./chat-send.ts";
import { type ChatSubscribe, chatSubscribeSchema } from "./chat-subscribe.ts";
import { type ChatUnsubscribe, chatUnsubscribeSchema } from "./chat-unsubscribe.ts";
import { type Invoke, invokeSchema } from "./invoke.ts";
import { type Ping, pingSchema } from "./ping.ts";
import { type Subscribe, subscribeSchema } from "./subscribe.ts";
import { type Unsubscribe, unsubscribeSchema } from "./unsubscribe.ts";

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

export const clientSchemas: ReadonlyMap<string, v.GenericSchema<unknown, ClientMessage>> = new Map<
  string,
  v.GenericSchema<unknown, ClientMessage>
>([
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

// chat.subscribe: watches a conversation from the first event of its running turn. A v1 socket may resume right after
// the last event it has (protocol 1.1 and 2).
import type { ChatSubscribe } from "../../protocol/chat-subscribe.ts";
import { encodeMessage } from "../../protocol/frame.ts";
import type { ChatSubscribed } from "../../protocol/server-message.ts";
import type { Connection } from "../connection.ts";
import type { Answer } from "./replies.ts";
import type { Services } from "./services.ts";

export function subscribeChat(connection: Connection, message: ChatSubscribe, { subscriptions }: Services): Answer {
  const { conversationId, after } = message;
  const present = connection.watches.get(conversationId);
  const watch = present ?? subscriptions.watchConversation(connection, conversationId, after);
  if ("reply" in watch) return watch;
  // Subscribed already, perhaps by a repeated chat.send, whose replay is under way: after `recovered: true` nothing
  // older may come.
  if (present && after) present.cursor.skipTo(after);
  // This goes out before the replay, which begins in the next loop turn at the earliest.
  if (connection.isV1) {
    const { epoch, seq, running } = watch.feed.log;
    const turnId = typeof running?.turnId === "string" ? running.turnId : null;
    const recovered = present !== undefined || watch.recovered;
    const subscribed: ChatSubscribed = { type: "chat.subscribed", conversationId, epoch, seq, turnId, recovered };
    connection.writer.control(encodeMessage(subscribed));
  }
  return {};
}

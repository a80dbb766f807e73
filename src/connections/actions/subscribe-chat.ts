// chat.subscribe: watches a conversation from its running turn's first event, or, on a v1 socket, from right after the
// last event that the client has (protocol 1.1 and 2).

import type { ChatSubscribe } from "../../protocol/chat-subscribe.ts";
import { encodeMessage } from "../../protocol/frame.ts";
import type { ChatSubscribed } from "../../protocol/server-message.ts";
import type { Connection } from "../connection.ts";
import { refuse, succeed } from "./replies.ts";
import type { Services } from "./services.ts";

export function subscribeChat(connection: Connection, message: ChatSubscribe, { subscriptions }: Services): void {
  const { conversationId, after } = message;
  const present = connection.watches.get(conversationId);
  const watch = present ?? subscriptions.watchConversation(connection, conversationId, after);
  if ("reply" in watch) {
    refuse(connection, message, watch);
    return;
  }
  // Before the replay, which begins at the earliest in the next loop turn.
  if (connection.isV1) {
    const { epoch, seq, running } = watch.feed.log;
    const turnId = typeof running?.turnId === "string" ? running.turnId : null;
    const recovered = present !== undefined || watch.recovered;
    const verdict: ChatSubscribed = { type: "chat.subscribed", conversationId, epoch, seq, turnId, recovered };
    connection.writer.control(encodeMessage(verdict));
  }
  succeed(connection, message);
}

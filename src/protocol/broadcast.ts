// The three broadcasts, which are sent to every socket (protocol 1.2).

export type ConversationStatus = "active" | "queued" | "idle" | "closed";

export type Broadcast =
  | { type: "conversation.open"; conversationId: string; workspaceId: string }
  | {
      type: "conversation.statusChanged";
      conversationId: string;
      status: ConversationStatus;
      workspaceId: string;
    }
  | {
      type: "conversation.compacted";
      conversationId: string;
      newConversationId: string;
      messagesSummarized: number;
      messagesKept: number;
    };

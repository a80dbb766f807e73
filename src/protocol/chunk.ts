// A stored chunk of a conversation's history (protocol 3).

export type Role = "system" | "user" | "assistant" | "tool";

export type Chunk =
  | { type: "text"; text: string }
  | { type: "thinking"; text: string }
  | { type: "tool-call"; toolCallId: string; toolName: string; input: unknown; stepId?: string }
  | {
      type: "tool-result";
      toolCallId: string;
      toolName: string;
      content: string;
      isError: boolean;
      stepId?: string;
    }
  | { type: "error"; message: string; code?: string }
  | { type: "system"; text: string }
  | { type: "image"; url: string; mimeType?: string };

/** seq is 1-based and gap-free per conversation, in append order. */
export interface StoredChunk {
  seq: number;
  role: Role;
  chunk: Chunk;
  turnId?: string;
  /** Of a user's text: the id that its client gave it. */
  messageId?: string;
}

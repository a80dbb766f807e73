// The messages that the server sends (protocol 1.2), each in its shape on the wire. Turn events and specs are sent
// pre-encoded (src/streams/turn-log.ts, src/surfaces/surfaces.ts); everything else is one of these types.
import type { Broadcast } from "./broadcast.ts";
import type { ErrorCode } from "./error-code.ts";
import type { CatalogEntry, Spec } from "./surface.ts";

/** Sent first on every socket, and again whenever the catalog changes. */
export interface Catalog {
  type: "catalog";
  catalog: CatalogEntry[];
}

/** The answer to `subscribe`. */
export interface SurfaceMessage {
  type: "surface";
  spec: Spec;
  conversationId?: string;
}

/** A subscribed surface has changed; carries the whole new spec. */
export interface UpdateMessage {
  type: "update";
  update: { surfaceId: string; spec: Spec; conversationId?: string };
}

/** An error of a surface or of the protocol. */
export interface ErrorMessage {
  type: "error";
  surfaceId?: string;
  conversationId?: string;
  message: string;
}

/** A chat request refused before a turn could start. */
export interface ChatErrorMessage {
  type: "chat.error";
  conversationId?: string;
  message: string;
}

export interface Pong {
  type: "pong";
}

/** Sent to every socket before a planned stop (protocol 2). */
export interface ServerDraining {
  type: "server.draining";
  deadlineMs: number;
  reconnectAfterMs: number;
}

/** Sent first to a v1 socket (protocol 2). */
export interface Hello {
  type: "hello";
  server: string;
  /** The version of the package. */
  version: string;
  connectionId: string;
  /** Every limit that can affect a client; the names carry the units. */
  limits: Record<string, number>;
}

/** Why a request was refused: a code for programs and a message for people. */
export interface ReplyError {
  code: ErrorCode;
  message: string;
  /** May the same request succeed later, unchanged? */
  retryable: boolean;
  retryAfterMs?: number;
}

/** The answer to a request that carried an id (protocol 2). */
export type Reply =
  | { type: "reply"; id: string; ok: true; [content: string]: unknown }
  | { type: "reply"; id: string; ok: false; error: ReplyError };

/** The answer to a chat.subscribe on a v1 socket, sent before the replay (protocol 2). */
export interface ChatSubscribed {
  type: "chat.subscribed";
  conversationId: string;
  epoch: string;
  /** The newest event at this time; a client that has received it has caught up. */
  seq: number;
  /** The unsealed turn. */
  turnId: string | null;
  /** True: exactly the events after the cursor are replayed. */
  recovered: boolean;
}

export type ServerMessage =
  | Hello
  | Reply
  | ChatSubscribed
  | Catalog
  | SurfaceMessage
  | UpdateMessage
  | ErrorMessage
  | ChatErrorMessage
  | Pong
  | ServerDraining
  | Broadcast;

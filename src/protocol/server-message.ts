// What the server says (protocol 1.2): the types, each with the shape it has on the wire. Turn events and specs travel
// pre-encoded (src/streams/turn-log.ts, src/surfaces/surfaces.ts); everything else is one of these.

import type { Broadcast } from "./broadcast.ts";
import type { ErrorCode } from "./error-code.ts";
import type { CatalogEntry, Spec } from "./surface.ts";

/** First on every socket, and again whenever the catalog changes. */
export interface Catalog {
  type: "catalog";
  catalog: CatalogEntry[];
}

/** The answer to subscribe. */
export interface SurfaceMessage {
  type: "surface";
  spec: Spec;
  conversationId?: string;
}

/** A subscribed surface changed: the whole new spec. */
export interface UpdateMessage {
  type: "update";
  update: { surfaceId: string; spec: Spec; conversationId?: string };
}

/** A surface-scoped or protocol error. */
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

/** Before a planned stop, to every socket (protocol 2). */
export interface ServerDraining {
  type: "server.draining";
  deadlineMs: number;
  reconnectAfterMs: number;
}

/** First to a v1 socket (protocol 2). */
export interface Hello {
  type: "hello";
  server: string;
  /** Of the package. */
  version: string;
  connectionId: string;
  /** Every limit that can hit a client; units stand in the names. */
  limits: Record<string, number>;
}

/** What is wrong with a request, for a program and for a person. */
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

/** The verdict on a chat.subscribe of a v1 socket, before the replay (protocol 2). */
export interface ChatSubscribed {
  type: "chat.subscribed";
  conversationId: string;
  epoch: string;
  /** The newest event now: who reaches it has caught up. */
  seq: number;
  /** The turn that is not sealed. */
  turnId: string | null;
  /** True: exactly what came after the cursor is replayed. */
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

// What the server says (protocol 1.2): the types, each with the shape it has on the wire. Turn events and specs travel
// pre-encoded (src/turn-log.ts, src/surfaces.ts); everything else is one of these.
import type { CatalogEntry } from "../ports/surfaces.ts";
import type { Broadcast } from "./broadcast.ts";
import type { Spec } from "./surface.ts";

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

export type ServerMessage =
  | Catalog
  | SurfaceMessage
  | UpdateMessage
  | ErrorMessage
  | ChatErrorMessage
  | Pong
  | ServerDraining
  | Broadcast;

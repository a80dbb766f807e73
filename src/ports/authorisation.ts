// The authorisation port, for an embedder with its own access rules. It is asked after the scope has been checked, so
// it can only restrict access further.

/** What a token allows; each scope includes the ones before it. */
export const scopes = ["read", "chat", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** The client of a socket or request. The same object as long as its token is valid. */
export interface Identity {
  /** The token's name: unique, shown in logs and refusals, not secret. */
  readonly name: string;
  readonly scope: Scope;
}

export interface AuthorisationQuestion {
  identity: Identity;
  /** read: watch, replay, history, settings. write: send, queue, cancel, stop, close, compact, settings, actions. */
  action: "read" | "write" | "administer";
  /** Undefined for a request that begins a conversation or concerns the whole server. */
  conversationId?: string | undefined;
  surfaceId?: string | undefined;
}

export interface Authorisation {
  /**
   * Called for every subscription and request, for every HTTP route of a conversation, and for each conversation in a
   * list or broadcast. Synchronous. Any result but true refuses, and so does a throw.
   */
  may(question: AuthorisationQuestion): boolean;
  /** A request by this identity without a conversationId has begun this conversation. */
  created?(identity: Identity, conversationId: string): void;
  /** A conversation was compacted: its full history is now in an archive conversation with this id. */
  archived?(conversationId: string, archiveId: string): void;
}

// The authorisation port: for those who embed the server and know who may do what. Scopes are checked before it is
// asked, so it can only take away.

/** What a token is good for; each includes the ones before it. */
export const scopes = ["read", "chat", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** Who is on a socket or behind a request. The same object for as long as its token is good. */
export interface Identity {
  /** Of the token: unique, shown in logs and refusals, never secret. */
  readonly name: string;
  readonly scope: Scope;
}

export interface AuthorisationQuestion {
  identity: Identity;
  /** read: watch, replay, history, settings. write: send, queue, cancel, stop, close, compact, settings, actions. */
  action: "read" | "write" | "administer";
  /** Undefined: of a request that begins a conversation, or of one that is about the server as a whole. */
  conversationId?: string | undefined;
  surfaceId?: string | undefined;
}

export interface Authorisation {
  /**
   * Asked on every subscription and request, on every HTTP route of a conversation, and for each conversation of a list
   * or of news. Synchronous; whatever is not true refuses, and so does a throw.
   */
  may(question: AuthorisationQuestion): boolean;
  /** A request of this identity without a conversationId has begun a conversation, which was given this id. */
  created?(identity: Identity, conversationId: string): void;
  /** The history of a conversation was compacted: all of it as it was is now in an archive with an id of its own. */
  archived?(conversationId: string, archiveId: string): void;
}

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
  /** Undefined with a write: a conversation that is to be new. */
  conversationId?: string | undefined;
  surfaceId?: string | undefined;
}

export interface Authorisation {
  /**
   * Asked on every subscription, request and HTTP route, and for each conversation of a list or of news. Synchronous;
   * whatever is not true refuses, and so does a throw.
   */
  may(question: AuthorisationQuestion): boolean;
}

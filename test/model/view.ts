// What happened, as visible from outside the server: what conversations emitted, what was due to each socket and what
// it received. The exploration and the random histories each fill in a view; the invariants look at nothing else. Must
// never hold internal state of the server: no chart, no cursor, no log.

/** One event of a turn, emitted or received. A received event may be several neighbouring deltas joined. */
export interface Said {
  turnId: string;
  /** As on the wire (protocol 1.3). */
  type: string;
  /**
   * The text of a user-message, a steering or a delta (never empty there). For other events, what tells them apart, if
   * anything.
   */
  text?: string | undefined;
  /** The reason of a done event. */
  reason?: string | undefined;
}

export interface View {
  /** Nothing is in progress: everything due must have arrived. An agent may be silent in mid-turn. */
  atRest: boolean;
  conversations: readonly ConversationView[];
  sockets: readonly SocketView[];
  surfaces: readonly SurfaceView[];
  /** Global broadcasts in the order they were made. */
  broadcast: readonly string[];
}

/** Points in time are indices into `emitted`: the number of events emitted so far. */
export interface ConversationView {
  id: string;
  /** Every event of its turns, in order. */
  emitted: readonly Said[];
  /** The turns that were stopped while they ran, as the port reported. */
  cancelled: readonly { turnId: string; at: number }[];
  /**
   * Accepted texts in order, whether they started a turn or were queued. Leaves out those that were withdrawn or, on a
   * close, discarded before they came out. `at`: when the text was requested.
   */
  texts: readonly { text: string; at: number }[];
}

export interface SocketView {
  name: string;
  isOpen: boolean;
  /** The socket reads and answers: at rest, everything due must have arrived. */
  isReading: boolean;
  /** Its subscriptions to conversations, also the ended ones, oldest first. */
  watches: readonly WatchView[];
  /** Its subscriptions to surfaces, also the ended ones, oldest first. */
  surfaces: readonly SurfaceWatchView[];
  /** Refusals, as text: those that are due to its requests, in order, and those received. */
  refusals: { owed: readonly string[]; received: readonly string[] };
  /** The replies to requests with an id, if the socket sends such requests (protocol 2). */
  replies?: RepliesView;
  /** The verdicts (`chat.subscribed`) on its subscriptions, if the socket gets them (protocol 2). */
  verdicts?: VerdictsView;
  /** `from`: the number of broadcasts made before the socket connected. */
  broadcast: { from: number; received: readonly string[] };
  /**
   * Every other message, in words: events after an unsubscribe, updates of surfaces that it never watched, unknown
   * messages.
   */
  strays: readonly string[];
}

/** Replies as text, by request id. `anyOf` has several valid replies where the contract leaves the order open. */
export interface RepliesView {
  owed: readonly { id: string; anyOf: readonly string[] }[];
  received: readonly { id: string; text: string }[];
}

export interface VerdictsView {
  /** The conversations whose verdict is still due. */
  owed: readonly string[];
  /** Verdicts that were never true or never requested, in words. */
  wrong: readonly string[];
}

export interface WatchView {
  conversationId: string;
  /**
   * Where the watch begins: at the running turn's first event, or after all events. Several where the contract leaves
   * the order open.
   */
  from: readonly number[];
  /** Where the watch ended: it may have received no event from here on. Undefined: it has not ended. */
  to: number | undefined;
  /** From here on the watch is live without a break, so no delta may be joined. Undefined: unknown. */
  liveFrom: number | undefined;
  received: readonly Said[];
  /** The watch resumes after the last event that its client had (protocol 2, resume). */
  isResumed?: boolean;
  /**
   * The number of each received event, where numbers are checked. A joined delta has the number of its last event
   * (protocol 2, cursor).
   */
  numbers?: readonly { epoch: string; seq: number }[];
}

export interface SurfaceWatchView {
  key: string;
  isWatching: boolean;
  /** How often the socket has asked for the whole surface. */
  asked: number;
  received: readonly { kind: "surface" | "update"; version: number }[];
}

export interface SurfaceView {
  key: string;
  /** The version of its newest state; versions grow. */
  newest: number;
  /** The provider failed when it was asked for the newest state, so no socket has to receive that state. */
  isFailing: boolean;
}

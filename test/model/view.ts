// What happened, as anybody outside can see it: what conversations said, what sockets were owed and what they got. The
// exploration and the random histories each fill one in; the invariants look at nothing else. Must never hold a state
// of ours: no chart, no cursor, no log.

/** One event of a turn. What came to a socket has the same shape; there, neighbouring deltas may be one. */
export interface Said {
  turnId: string;
  /** As on the wire (protocol 1.3). */
  type: string;
  /** Of a user-message, a steering or a delta (never empty there); of others what tells them apart, if anything. */
  text?: string | undefined;
  /** Of a done. */
  reason?: string | undefined;
}

export interface View {
  /** Nothing is under way any more: what is owed must have come. An agent may be silent in mid-turn. */
  atRest: boolean;
  conversations: readonly ConversationView[];
  sockets: readonly SocketView[];
  surfaces: readonly SurfaceView[];
  /** Global broadcasts in the order they were made. */
  broadcast: readonly string[];
}

/** All places in time are indices into `emitted`: how many events there had been. */
export interface ConversationView {
  id: string;
  /** Every event of its turns, in order. */
  emitted: readonly Said[];
  /** Turns that somebody stopped while they ran: the port said so. */
  cancelled: readonly { turnId: string; at: number }[];
  /**
   * Texts that were accepted, whether they started a turn or had to wait, in order; without those that were withdrawn
   * or, by a close, discarded before they came out. `at`: when it was asked for.
   */
  texts: readonly { text: string; at: number }[];
}

export interface SocketView {
  name: string;
  isOpen: boolean;
  /** It reads and answers: it is owed everything when all is at rest. */
  isReading: boolean;
  /** Its subscriptions to conversations, also the ended ones, oldest first. */
  watches: readonly WatchView[];
  /** Its subscriptions to surfaces, also the ended ones, oldest first. */
  surfaces: readonly SurfaceWatchView[];
  /** Replies that say no, as text: those its requests must get, in order, and those that came. */
  refusals: { owed: readonly string[]; received: readonly string[] };
  /** Those to requests with an id, where the socket has such (protocol 2). */
  replies?: RepliesView;
  /** The verdicts on its subscriptions, where the socket gets such (protocol 2). */
  verdicts?: VerdictsView;
  /** `from`: how many broadcasts had been made when it came in. */
  broadcast: { from: number; received: readonly string[] };
  /** Whatever else came, in words: events after an unsubscribe, updates of what it never watched, unknown messages. */
  strays: readonly string[];
}

/** Replies as text, by the ids of their requests: each owed one may be any of several where the order is left open. */
export interface RepliesView {
  owed: readonly { id: string; anyOf: readonly string[] }[];
  received: readonly { id: string; text: string }[];
}

export interface VerdictsView {
  /** The conversations of those that have not come. */
  owed: readonly string[];
  /** Those that were true at no moment, or that nobody asked for, in words. */
  wrong: readonly string[];
}

export interface WatchView {
  conversationId: string;
  /** Where it begins: at the running turn's first event, or after everything. Several where the order was left open. */
  from: readonly number[];
  /** Where it had ended: it may have got nothing from here on. Undefined: it has not ended. */
  to: number | undefined;
  /** From here on it has been live without a break, so that nothing may come joined. Undefined: that is not known. */
  liveFrom: number | undefined;
  received: readonly Said[];
  /** It goes on in the middle, after the event that its client had last (protocol 2, resume). */
  isResumed?: boolean;
  /** Of each received event, where numbers are looked at: the last one's of a joined delta (protocol 2, cursor). */
  numbers?: readonly { epoch: string; seq: number }[];
}

export interface SurfaceWatchView {
  key: string;
  isWatching: boolean;
  /** How often it has asked for the whole surface. */
  asked: number;
  received: readonly { kind: "surface" | "update"; version: number }[];
}

export interface SurfaceView {
  key: string;
  /** The version of its newest state; versions grow. */
  newest: number;
  /** Its provider failed when it was asked for the newest state: nobody is owed it. */
  isFailing: boolean;
}

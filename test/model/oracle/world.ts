// What the oracle's sockets and its port need from the rest of the oracle.
import type { OracleConversation } from "./conversation.ts";
import type { OracleKeys } from "./keys.ts";
import type { OracleSocket } from "./socket.ts";

/** How often situations came up that a history need not contain. */
export interface Tally {
  /** Requests whose key had succeeded before: `repeats` with the same body, `others` with a different one. */
  repeats: number;
  others: number;
}

export interface World {
  readonly keys: OracleKeys;
  readonly tally: Tally;
  sockets(): Iterable<OracleSocket>;
  conversation(conversationId: string): OracleConversation;
  hasSurface(surfaceId: string): boolean;
  /** Whether the surface's provider has failed with this message. */
  hasFailedWith(key: string, reason: string): boolean;
  /** Whether a watcher gets this failure message only once. */
  isOnce(reason: string): boolean;
  /** Reports a violation of the contract that no client can see. */
  fault(what: string): void;
}

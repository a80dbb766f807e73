// What the oracle's sockets and its port must know of the rest.
import type { OracleConversation } from "./conversation.ts";
import type { OracleKeys } from "./keys.ts";
import type { OracleSocket } from "./socket.ts";

/** How often something was predicted that a history may also lack. */
export interface Tally {
  /** Requests whose key had succeeded before, with the same body, and with another one. */
  repeats: number;
  others: number;
}

export interface World {
  readonly keys: OracleKeys;
  readonly tally: Tally;
  sockets(): Iterable<OracleSocket>;
  conversation(conversationId: string): OracleConversation;
  hasSurface(surfaceId: string): boolean;
  /** Did the surface's provider fail with these words? */
  hasFailedWith(key: string, reason: string): boolean;
  /** Are they said once? */
  isOnce(reason: string): boolean;
  /** Something happened that the contract rules out and that no client can see. */
  fault(what: string): void;
}

// The broadcast port: news for every socket. What is announced here goes out on the wire as it is (protocol 1.2).
import type { Broadcast } from "../protocol/broadcast.ts";

/**
 * conversation.statusChanged with status `active` must come while the turn runs: a log that is kept for resume, with
 * nobody watching, follows the conversation's next turn because of it, and would have a hole without it.
 */
export interface Broadcasts {
  subscribe(listener: (message: Broadcast) => void): () => void;
}

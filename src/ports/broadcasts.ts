// The broadcast port: messages for every socket. They are sent on the wire unchanged (protocol 1.2).
import type { Broadcast } from "../protocol/broadcast.ts";

/**
 * A source of broadcasts. conversation.statusChanged with status `active` must come while the turn runs. It makes a log
 * that is kept for resume, with no watcher, follow the next turn; without it the log would have a gap.
 */
export interface Broadcasts {
  subscribe(listener: (message: Broadcast) => void): () => void;
}

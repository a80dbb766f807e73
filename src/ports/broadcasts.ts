// The broadcast port: news for every socket. What is announced here goes out on the wire as it is (protocol 1.2).
import type { Broadcast } from "../protocol/broadcast.ts";

export interface Broadcasts {
  subscribe(listener: (news: Broadcast) => void): () => void;
}

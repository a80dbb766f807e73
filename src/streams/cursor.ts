// A watch's place in a turn log: knows its own seq and writes only what begins right after it, so that every step may
// be repeated without harm. Late join, resume and a slow socket are all this.

import type { SocketWriter } from "../egress/socket-writer.ts";
import type { Limits } from "../limits.ts";
import type { Feed } from "./feed.ts";

/** Where a catching-up cursor stands after one slice. */
export type Progress = "more" | "end" | "held" | "lost";

/** What a cursor finds out. Called inside write loops: the owner posts a fact and does nothing else. */
export interface CursorOwner {
  reachedEnd(): void;
  fellBehind(): void;
  /** The part of the log it stands in was shed. */
  lost(): void;
}

export class Cursor {
  readonly feed: Feed;
  readonly #writer: SocketWriter;
  readonly #owner: CursorOwner;
  readonly #limits: Limits;
  /** The last event written to this socket. */
  seq: number;
  #dropped = false;

  constructor(feed: Feed, writer: SocketWriter, owner: CursorOwner, seq: number, limits: Limits) {
    this.feed = feed;
    this.#writer = writer;
    this.#owner = owner;
    this.seq = seq;
    this.#limits = limits;
  }

  /** Writes one slice of what it lacks, up to where the live set stands. */
  pump(): Progress {
    if (this.#dropped || this.#writer.congested) return "held";
    const { log } = this.feed;
    const head = this.feed.head();
    if (this.seq >= head) {
      this.#owner.reachedEnd();
      return "end";
    }
    if (this.seq < log.firstSeq - 1) {
      this.#owner.lost();
      return "lost";
    }
    if (!this.#writeSlice(head)) return "held";
    if (this.seq < head) return this.#writer.congested ? "held" : "more";
    this.#owner.reachedEnd();
    return "end";
  }

  /**
   * Enters the live set, if it stands where the others do, or where they will stand after the flush that is due: one
   * who came between turns begins after what waits to be flushed. What came since it reached the end is written first:
   * else one who joins a stream that never pauses would fall behind again and again.
   */
  join(): void {
    if (this.#dropped) return;
    const head = this.feed.head();
    if (this.seq < head && this.seq >= this.feed.log.firstSeq - 1) this.#writeSlice(head);
    if (this.seq >= head) this.feed.live.add(this);
    else this.#owner.fellBehind();
  }

  #writeSlice(head: number): boolean {
    const slice = this.feed.log.joined(this.seq, head, this.#limits.catchUpSliceBytes);
    if (!this.#writer.deliver(slice.frames, slice.seq - this.seq)) return false;
    this.seq = slice.seq;
    return true;
  }

  leave(): void {
    this.feed.live.delete(this);
  }

  /** One flush of the live set: the frames of fromSeq + 1 … toSeq. */
  flush(frames: Buffer, fromSeq: number, toSeq: number): void {
    if (this.seq >= toSeq) return;
    if (this.seq !== fromSeq) {
      this.leave();
      this.#owner.fellBehind();
    } else if (this.#writer.deliver(frames, toSeq - fromSeq)) this.seq = toSeq;
    else this.leave();
  }

  /** Nothing is written through it any more (protocol 1.5.3). */
  drop(): void {
    this.#dropped = true;
    this.leave();
  }
}

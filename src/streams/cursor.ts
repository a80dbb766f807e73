// A watch's position in a turn log. It writes only events that begin right after its own seq, so every step may be
// repeated without harm. Late join, resume and slow sockets all use this one mechanism.
import type { SocketWriter } from "../egress/socket-writer.ts";
import type { Limits } from "../limits.ts";
import type { StreamCursor } from "../protocol/chat-subscribe.ts";
import type { Feed } from "./feed.ts";

/** The state of a catching-up cursor after one slice. */
export type Progress = "more" | "end" | "held" | "lost";

/** Gets a cursor's signals. Called inside write loops, so the owner must only post an event and return. */
export interface CursorOwner {
  tell(signal: "cursor.reachedEnd" | "cursor.fellBehind"): void;
  /** The events it needs next were shed from the log. */
  lost(): void;
}

export class Cursor {
  readonly feed: Feed;
  readonly #writer: SocketWriter;
  readonly #owner: CursorOwner;
  readonly #limits: Limits;
  /** The seq of the last event written to this socket. */
  seq: number;
  readonly #isV1: boolean;
  #dropped = false;

  constructor(feed: Feed, writer: SocketWriter, owner: CursorOwner, seq: number, limits: Limits, isV1 = true) {
    this.feed = feed;
    this.#writer = writer;
    this.#owner = owner;
    this.seq = seq;
    this.#limits = limits;
    this.#isV1 = isV1;
  }

  /** Writes one slice of the missing events, at most up to the live set's head. */
  pump(): Progress {
    if (this.#dropped || this.#writer.congested) return "held";
    const { log } = this.feed;
    const head = this.feed.head();
    if (this.seq >= head) {
      this.#owner.tell("cursor.reachedEnd");
      return "end";
    }
    if (this.seq < log.firstSeq - 1) {
      this.#owner.lost();
      return "lost";
    }
    if (!this.#writeSlice(head)) return "held";
    if (this.seq < head) return this.#writer.congested ? "held" : "more";
    this.#owner.tell("cursor.reachedEnd");
    return "end";
  }

  /**
   * Enters the live set if it is at the head, or beyond it: a watch opened between turns begins after the events that
   * wait to be flushed. Events that arrived since it reached the end are written first. Otherwise, in a stream that
   * never pauses, it would fall behind again and again.
   */
  join(): void {
    if (this.#dropped) return;
    const head = this.feed.head();
    if (this.seq < head && this.seq >= this.feed.log.firstSeq - 1) this.#writeSlice(head);
    if (this.seq >= head) this.feed.live.add(this);
    else this.#owner.tell("cursor.fellBehind");
  }

  #writeSlice(head: number): boolean {
    const slice = this.feed.log.joined(this.seq, head, this.#limits.catchUpSliceBytes);
    if (!this.#writer.deliver(this.#isV1 ? slice.frames : slice.baseFrames, slice.seq - this.seq)) return false;
    this.seq = slice.seq;
    return true;
  }

  /** The client has the events up to this one from an earlier socket: what is not written of them stays unwritten. */
  skipTo({ epoch, seq }: StreamCursor): void {
    const { log } = this.feed;
    if (epoch === log.epoch && seq <= log.seq && seq > this.seq) this.seq = seq;
  }

  leave(): void {
    this.feed.live.delete(this);
  }

  /**
   * Writes one flush of the live set.
   * @param frames the events fromSeq + 1 … toSeq, and baseFrames the same for a socket without `turnwire.v1`.
   */
  flush(frames: Buffer, fromSeq: number, toSeq: number, baseFrames = frames): void {
    if (this.seq >= toSeq) return;
    if (this.seq !== fromSeq) {
      this.leave();
      this.#owner.tell("cursor.fellBehind");
    } else if (this.#writer.deliver(this.#isV1 ? frames : baseFrames, toSeq - fromSeq)) this.seq = toSeq;
    else this.leave();
  }

  /** Nothing may be written through it any more (protocol 1.5.3). */
  drop(): void {
    this.#dropped = true;
    this.leave();
  }
}

// The cursors at the head of one conversation's log. New events are written to them joined into one write per socket,
// in slices. Must never let one bad socket stop the others, nor skip events that were shed.
import type { Limits } from "../limits.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import { walkInSlices } from "../runtime/fan-out.ts";
import type { Cursor } from "./cursor.ts";
import type { FlushInterval } from "./flush-interval.ts";
import type { TurnLog } from "./turn-log.ts";

export class LiveSet {
  /** The watch's entry and exit actions add and remove them. */
  readonly cursors = new Set<Cursor>();
  readonly #log: TurnLog;
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #flushInterval: FlushInterval;
  #head = 0;
  #timer: Timer | undefined;
  #due = false;
  #flushedAt = Number.NEGATIVE_INFINITY;
  #bytesAtFlush = 0;
  /** The flush in progress: it writes the events after fromSeq. */
  #walk: { fromSeq: number } | undefined;

  constructor(log: TurnLog, clock: Clock, limits: Limits, flushInterval: FlushInterval) {
    this.#log = log;
    this.#clock = clock;
    this.#limits = limits;
    this.#flushInterval = flushInterval;
  }

  /** The seq up to which events are written, or being written. */
  head(): number {
    if (this.cursors.size === 0 && !this.#walk) this.#head = this.#log.seq;
    return this.#head;
  }

  /** Ends the timer and the flush in progress. */
  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#walk = undefined;
  }

  /** After a pause, the first flush runs at the end of the tick. The next one waits for the flush interval. */
  schedule(hurried = false): void {
    if (this.cursors.size === 0 || this.#due || this.#walk) return;
    const gatheredEvents = this.#log.seq - this.#head;
    const gatheredBytes = this.#log.bytes - this.#bytesAtFlush;
    const urgent =
      hurried || gatheredEvents >= this.#limits.flushEventsMax || gatheredBytes >= this.#limits.flushBytesMax;
    if (this.#timer !== undefined && !urgent) return;
    const now = this.#clock.now();
    const waitMs = urgent ? 0 : this.#flushedAt + this.#flushInterval.intervalMs(this.cursors.size) - now;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (waitMs > 0) {
      this.#timer = this.#clock.setTimeout(() => {
        this.#timer = undefined;
        this.#flushInterval.ran(now + waitMs);
        this.#flush();
      }, waitMs);
      return;
    }
    this.#due = true;
    this.#clock.defer(() => {
      this.#due = false;
      this.#flushInterval.ran(now);
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#walk || this.cursors.size === 0 || this.#log.seq === this.#head) return;
    this.#flushedAt = this.#clock.now();
    // Events shed in the meantime must not be skipped silently: cursors before them fall behind and are then lost.
    const fromSeq = Math.max(this.#head, this.#log.firstSeq - 1);
    const { frames, baseFrames, seq } = this.#log.frames(fromSeq, this.#limits.flushBytesMax);
    this.#head = seq;
    this.#bytesAtFlush = this.#log.bytes;
    const walk = { fromSeq };
    this.#walk = walk;
    const visit = (cursor: Cursor): void => {
      if (this.#walk === walk) cursor.flush(frames, fromSeq, seq, baseFrames);
    };
    walkInSlices(this.#clock, this.#limits, this.cursors.values(), visit, () => {
      if (this.#walk !== walk) return;
      this.#walk = undefined;
      if (this.#log.seq > this.#head) this.schedule();
    });
  }
}

// What comes in from the sockets, a fair share at a time. Who sends now and then is heard at once; who sends more than
// is read in one go waits for its turn, in small slices, and all who wait have only a part of the time between them: so
// a turn of the loop stays short whatever is sent (fair queueing, fresh flows first: RFC 8290). Costs a socket nothing
// while nobody sends much.

import type { Limits } from "../limits.ts";
import type { Clock, Timer } from "../runtime/clock.ts";

/** A stream that what it has received is taken from. */
export interface Source {
  readonly destroyed: boolean;
  pause(): unknown;
  resume(): unknown;
}

/** What a source has sent and nobody has read yet. The source is paused meanwhile. */
interface Flow<From extends Source> {
  readonly from: From;
  readonly chunks: Buffer[];
  /** Of the first chunk, so much has been read. */
  read: number;
  /** What has come of it without a pause. */
  bytes: number;
  /** That is so much that others need protection from it. */
  floods: boolean;
  /** What it is given at a time: less when that took long, more when it did not. */
  sliceBytes: number;
  /** Since when it has sent more than is read. Monotonic, ms. */
  readonly since: number;
  /** For so long of that it was held. */
  heldMs: number;
  /** Has it a place among those who wait? */
  isWaiting: boolean;
  /** It has begun something that is still to be done … */
  hasBegun: boolean;
  /** … and more in the slice that is being read: so many ms. */
  begunMs: number;
}

/** What was read out of a source's lane lately. */
interface Served {
  bytes: number;
  since: number;
}

type ReaderClock = Pick<Clock, "now" | "defer" | "setTimeout" | "clearTimeout">;

/** A slice that takes a larger part of what a turn has is followed by a smaller one. */
const slicePart = 0.1;
/** A timer that fires no later than this has not waited for anything else. */
const onTimeMs = 1.5;
/** Who sends on within so long has not paused. */
const servedKeptMs = 20;

export class FairReader<From extends Source> {
  readonly #clock: ReaderClock;
  readonly #limits: Limits;
  readonly #read: (from: From, slice: Buffer) => void;
  readonly #tooMuch: (from: From) => void;
  readonly #flows = new Map<From, Flow<From>>();
  /** How many of them flood. */
  #floods = 0;
  /** Whose chunk came when there was no time, of those who send little … */
  readonly #fresh: Flow<From>[] = [];
  /** … and who sends much. */
  readonly #waiting: Flow<From>[] = [];
  /** Since when. */
  readonly #held = new Map<From, number>();
  /** In the last few milliseconds, and in as many before. */
  #served = new Map<From, Served>();
  #servedBefore = new Map<From, Served>();
  /** In this turn of the loop, on those who send little. */
  #spentMs = 0;
  #isDeferred = false;
  #goesRound = false;
  #round: Timer | undefined;
  #cooldownUntil = 0;
  /** How late the loop was when the round began. */
  #lateMs = 0;
  #forgetting: Timer | undefined;
  readonly #ignored = new WeakSet<From>();
  #ignoredPaused: From[] = [];
  #ignoredPause: Timer | undefined;

  /**
   * @param read is given what is next of a source; it may have the source ignored.
   * @param tooMuch is told of a source that sends more than is read, without a pause, for inputBusyMsMax.
   */
  constructor(
    clock: ReaderClock,
    limits: Limits,
    read: (from: From, slice: Buffer) => void,
    tooMuch: (from: From) => void,
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#read = read;
    this.#tooMuch = tooMuch;
  }

  /** A source has received a chunk: it is read now if there is time, and else soon. */
  take(from: From, chunk: Buffer): void {
    if (this.#ignored.has(from)) {
      this.#pauseIgnored(from);
      return;
    }
    const flow = this.#flows.get(from) ?? (this.#held.has(from) ? this.#flowOf(from) : undefined);
    if (flow) {
      // Somebody has let it flow meanwhile.
      from.pause();
      this.#add(flow, chunk);
      return;
    }
    const { inputFirstBytes } = this.#limits;
    const isLittle = this.#lately(from) + chunk.length <= inputFirstBytes;
    if (isLittle && this.#hasTime) {
      this.#spentMs += this.#readTimed(from, chunk);
      this.#defer();
      return;
    }
    from.pause();
    const added = this.#flowOf(from);
    this.#add(added, chunk);
    if (isLittle) {
      added.sliceBytes = inputFirstBytes;
      this.#fresh.push(added);
      this.#defer();
    } else this.#wait(added);
  }

  /** What it sends is forgotten from now on, and taken no faster than its end needs to be noticed. */
  ignore(from: From): void {
    this.#ignored.add(from);
    this.forget(from);
  }

  /** Nothing is read of it until it is let go: what it has sent so far is still being worked on. */
  hold(from: From): void {
    if (this.#ignored.has(from) || this.#held.has(from)) return;
    this.#held.set(from, this.#clock.now());
    from.pause();
  }

  letGo(from: From): void {
    const heldAt = this.#held.get(from);
    if (heldAt === undefined) return;
    this.#held.delete(from);
    const flow = this.#flows.get(from);
    if (flow && flow.chunks.length > 0) {
      flow.heldMs += this.#clock.now() - heldAt;
      this.#wait(flow);
    } else {
      this.#drop(from);
      from.resume();
    }
  }

  /** What is read of it has begun work that takes so long later: who sends much has more than one from its share. */
  began(from: From, ms: number): void {
    const flow = this.#flows.get(from);
    if (flow?.hasBegun) {
      flow.begunMs += ms;
      this.#markFlood(flow);
    } else if (flow) flow.hasBegun = true;
  }

  /** Is there anything of it that has not been read? */
  hasMore(from: From): boolean {
    return (this.#flows.get(from)?.chunks.length ?? 0) > 0;
  }

  /** It is read by another from now on: answers what has not been read. */
  withdraw(from: From): Buffer {
    const { chunks = [], read = 0 } = this.#flows.get(from) ?? {};
    this.forget(from);
    return Buffer.concat(chunks).subarray(read);
  }

  /** It has gone. */
  forget(from: From): void {
    this.#held.delete(from);
    this.#drop(from);
  }

  /** Since when a source has sent more than is read, without a pause; undefined when it does not. Monotonic, ms. */
  busySince(from: From): number | undefined {
    return this.#flows.get(from)?.since;
  }

  /** How many sources wait for their turn. */
  get waiting(): number {
    return this.#flows.size;
  }

  /** The sources have been cut: no timer is left. */
  stop(): void {
    this.#flows.clear();
    this.#floods = 0;
    this.#held.clear();
    for (const timer of [this.#round, this.#forgetting, this.#ignoredPause])
      if (timer !== undefined) this.#clock.clearTimeout(timer);
    this.#round = undefined;
    this.#forgetting = undefined;
    this.#ignoredPause = undefined;
  }

  get #hasTime(): boolean {
    return this.#spentMs < this.#limits.inputMsPerLoopTurn;
  }

  // ── who sends little ──────────────────────────────────────────────────────────────────────────────────────────────

  /** In the next turn of the loop there is time again. */
  #defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#clock.defer(() => {
      this.#isDeferred = false;
      this.#spentMs = 0;
      for (let next = this.#fresh.shift(); next; next = this.#hasTime ? this.#fresh.shift() : undefined)
        this.#spentMs += this.#serve(next);
      if (this.#spentMs > 0 || this.#fresh.length > 0) this.#defer();
    });
  }

  // ── who sends much ────────────────────────────────────────────────────────────────────────────────────────────────

  #wait(flow: Flow<From>): void {
    if (flow.isWaiting) return;
    flow.isWaiting = true;
    this.#waiting.push(flow);
    if (!this.#goesRound) this.#goRoundIn(this.#cooldownUntil - this.#clock.now());
  }

  #goRoundIn(cooldownMs: number): void {
    this.#goesRound = true;
    this.#lateMs = 0;
    // A timer takes a millisecond at least.
    if (cooldownMs >= 1) this.#goRoundAt(this.#clock.now() + cooldownMs, cooldownMs);
    else this.#clock.defer(() => this.#goRound());
  }

  /** A turn of the loop that has been long already is not made longer: then it is the next one. */
  #goRoundAt(dueAt: number, cooldownMs: number): void {
    this.#round = this.#clock.setTimeout(() => {
      this.#lateMs = Math.max(0, this.#clock.now() - dueAt - onTimeMs);
      if (this.#lateMs > 0) this.#clock.defer(() => this.#goRound());
      else this.#goRound();
    }, cooldownMs);
  }

  /** Those who wait, one after the other, for as long as a turn may take; the next round is after a rest. */
  #goRound(): void {
    this.#round = undefined;
    const { inputMsPerLoopTurn, inputCooldown, inputLateCooldown, inputLateCooldownMsMax } = this.#limits;
    let spentMs = 0;
    for (let flow = this.#waiting.shift(); flow; ) {
      flow.isWaiting = false;
      spentMs += this.#serve(flow);
      flow = spentMs < inputMsPerLoopTurn ? this.#waiting.shift() : undefined;
    }
    // One who floods where nobody else does is in nobody's way.
    const others = Math.max(0, this.#floods - 1);
    // What was read makes work later as well: a loop that is late has enough to do.
    const lateCooldownMs = others > 0 ? Math.min(inputLateCooldownMsMax, inputLateCooldown * this.#lateMs) : 0;
    const cooldownMs = Math.min(inputCooldown, others) * spentMs + lateCooldownMs;
    this.#cooldownUntil = this.#clock.now() + cooldownMs;
    this.#goesRound = this.#waiting.length > 0;
    if (this.#goesRound) this.#goRoundIn(cooldownMs);
  }

  /** What was read of whom is remembered for one to two of these. */
  #forget(): void {
    this.#forgetting = undefined;
    const before = this.#servedBefore;
    this.#servedBefore = this.#served;
    this.#served = before;
    before.clear();
    if (this.#servedBefore.size > 0) this.#forgetSoon();
  }

  #forgetSoon(): void {
    this.#forgetting ??= this.#clock.setTimeout(() => this.#forget(), servedKeptMs);
  }

  // ── both ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Reads one slice of a lane; answers how long that took and what it has begun will take, ms. */
  #serve(flow: Flow<From>): number {
    const { from, chunks } = flow;
    const [chunk] = chunks;
    // Ignored or held meanwhile, or gone.
    if (this.#flows.get(from) !== flow || this.#held.has(from)) return 0;
    if (!chunk || from.destroyed) {
      this.#drop(from);
      return 0;
    }
    if (this.#clock.now() - flow.since - flow.heldMs > this.#limits.inputBusyMsMax) {
      this.ignore(from);
      this.#tooMuch(from);
      return 0;
    }
    const end = Math.min(chunk.length, flow.read + flow.sliceBytes);
    const slice = chunk.subarray(flow.read, end);
    const { bytes = 0 } = this.#served.get(from) ?? {};
    this.#served.set(from, { bytes: bytes + slice.length, since: flow.since });
    this.#forgetSoon();
    flow.read = end;
    if (end === chunk.length) {
      chunks.shift();
      flow.read = 0;
    }
    flow.begunMs = 0;
    const tookMs = this.#readTimed(from, slice) + flow.begunMs;
    this.#adapt(flow, tookMs);
    if (this.#flows.get(from) !== flow || this.#held.has(from)) return tookMs;
    if (chunks.length > 0) this.#wait(flow);
    else {
      this.#drop(from);
      from.resume();
    }
    return tookMs;
  }

  #flowOf(from: From): Flow<From> {
    const since = this.#served.get(from)?.since ?? this.#servedBefore.get(from)?.since ?? this.#clock.now();
    const flow = {
      from,
      chunks: [],
      read: 0,
      bytes: this.#lately(from),
      floods: false,
      // Beside others it has to show first that what it sends is cheap.
      sliceBytes: this.#flows.size > 0 ? this.#limits.inputSliceBytesMin : this.#limits.inputFirstBytes,
      since,
      heldMs: 0,
      isWaiting: false,
      hasBegun: false,
      begunMs: 0,
    };
    this.#flows.set(from, flow);
    return flow;
  }

  #drop(from: From): void {
    if (this.#flows.get(from)?.floods) this.#floods--;
    this.#flows.delete(from);
  }

  #add(flow: Flow<From>, chunk: Buffer): void {
    flow.chunks.push(chunk);
    flow.bytes += chunk.length;
    if (flow.bytes > this.#limits.inputFloodBytes) this.#markFlood(flow);
  }

  #markFlood(flow: Flow<From>): void {
    if (!flow.floods) this.#floods++;
    flow.floods = true;
  }

  #lately(from: From): number {
    return (this.#served.get(from)?.bytes ?? 0) + (this.#servedBefore.get(from)?.bytes ?? 0);
  }

  /** Answers how long it took, ms. */
  #readTimed(from: From, slice: Buffer): number {
    const startedAt = this.#clock.now();
    this.#read(from, slice);
    return this.#clock.now() - startedAt;
  }

  #adapt(flow: Flow<From>, tookMs: number): void {
    const { inputSliceBytesMin, inputSliceBytesMax, inputMsPerLoopTurn } = this.#limits;
    const wishedMs = inputMsPerLoopTurn * slicePart;
    if (tookMs > wishedMs) flow.sliceBytes = Math.max(inputSliceBytesMin, flow.sliceBytes >> 2);
    else if (tookMs < wishedMs / 2) flow.sliceBytes = Math.min(inputSliceBytesMax, flow.sliceBytes << 1);
  }

  /** Its end is noticed when it flows: now and then it does, a chunk at a time. */
  #pauseIgnored(from: From): void {
    from.pause();
    this.#ignoredPaused.push(from);
    this.#ignoredPause ??= this.#clock.setTimeout(() => {
      this.#ignoredPause = undefined;
      for (const paused of this.#ignoredPaused.splice(0)) if (!paused.destroyed) paused.resume();
    }, this.#limits.ignoredInputPauseMs);
  }
}

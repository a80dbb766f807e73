// Shares the event loop's time between the sockets that send. Light senders are read immediately. Heavy senders take
// turns in small slices and together get only part of the time, so a loop turn stays short whatever is sent. This is
// fair queueing with new flows first (RFC 8290). A light sender costs nothing here.
import type { Limits } from "../limits.ts";
import type { Clock, Timer } from "../runtime/clock.ts";

/** A stream whose received bytes are read here. */
export interface Source {
  readonly destroyed: boolean;
  pause(): unknown;
  resume(): unknown;
}

/** A source's unread bytes. The source is paused while it has a flow. */
interface Flow<From extends Source> {
  readonly from: From;
  readonly chunks: Buffer[];
  /** Bytes already read of the first chunk. */
  read: number;
  /** Bytes received without a pause. */
  bytes: number;
  /** It has sent or begun so much without a pause that other sources need protection from it. */
  floods: boolean;
  /** Bytes read at a time: fewer after a slow slice, more after a fast one. */
  sliceBytes: number;
  /** Since when it has been sending faster than it is read. Monotonic, ms. */
  readonly since: number;
  /** How much of the time since then it was held. */
  heldMs: number;
  /** It is in the queue of waiting flows. */
  isWaiting: boolean;
  /** It has begun work that is done later. The first of it is not charged. */
  hasBegun: boolean;
  /** Further work begun by the slice being read. Milliseconds. */
  begunMs: number;
}

/** What was recently read out of a source's flow. */
interface Served {
  bytes: number;
  since: number;
}

type ReaderClock = Pick<Clock, "now" | "defer" | "setTimeout" | "clearTimeout">;

/** A slice that takes more than this share of a loop turn's time is followed by a smaller one. */
const slicePart = 0.1;
/** A timer that is late by no more than this was not delayed by other work. */
const onTimeMs = 1.5;
/** A process that is this late was held up, by the machine or by a debugger. */
const stallMs = 1_000;
/** A source that sends again within this time has not paused. */
const servedKeptMs = 20;

export class FairReader<From extends Source> {
  readonly #clock: ReaderClock;
  readonly #limits: Limits;
  readonly #read: (from: From, slice: Buffer) => void;
  readonly #busyTooLong: (from: From) => void;
  readonly #flows = new Map<From, Flow<From>>();
  /** How many flows flood. */
  #floods = 0;
  /** Light senders whose chunk arrived when this loop turn's time was used up. */
  readonly #fresh: Flow<From>[] = [];
  /** Heavy senders, in the order of their turns. */
  readonly #waiting: Flow<From>[] = [];
  /** Held sources, and since when. */
  readonly #held = new Map<From, number>();
  /** In the current period of servedKeptMs, and in the one before. */
  #served = new Map<From, Served>();
  #servedBefore = new Map<From, Served>();
  /** Time spent on light senders in this loop turn. */
  #spentMs = 0;
  #isDeferred = false;
  #isRoundScheduled = false;
  #round: Timer | undefined;
  #cooldownUntil = 0;
  /** When the next round is due. Monotonic, ms. */
  #dueAt = 0;
  #forgetting: Timer | undefined;
  readonly #ignored = new WeakSet<From>();

  /**
   * @param read takes a source's next bytes. It may call ignore() for that source.
   * @param busyTooLong is called when a source has been sending faster than it is read for inputBusyMsMax.
   */
  constructor(
    clock: ReaderClock,
    limits: Limits,
    read: (from: From, slice: Buffer) => void,
    busyTooLong: (from: From) => void,
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#read = read;
    this.#busyTooLong = busyTooLong;
  }

  /** A source has received a chunk. It is read now if there is time, otherwise soon. */
  take(from: From, chunk: Buffer): void {
    if (this.#ignored.has(from)) {
      from.pause();
      return;
    }
    const flow = this.#flows.get(from) ?? (this.#held.has(from) ? this.#flowOf(from) : undefined);
    if (flow) {
      // Someone else has resumed it.
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

  /** Drops the next that the source sends, and reads nothing after it. The caller must end it in time. */
  ignore(from: From): void {
    this.#ignored.add(from);
    this.forget(from);
  }

  /** Stops reading the source until release(), because the work it has asked for is not done yet. */
  hold(from: From): void {
    if (this.#ignored.has(from) || this.#held.has(from)) return;
    this.#held.set(from, this.#clock.now());
    from.pause();
  }

  /** Resumes reading a held source. */
  release(from: From): void {
    const heldAt = this.#held.get(from);
    if (heldAt === undefined) return;
    this.#held.delete(from);
    const flow = this.#flows.get(from);
    if (flow) flow.heldMs += this.#clock.now() - heldAt;
    this.#readOn(from, flow);
  }

  /** The bytes being read have begun later work of this length. A heavy sender is charged for all but the first. */
  began(from: From, ms: number): void {
    const flow = this.#flows.get(from);
    if (flow?.hasBegun) {
      flow.begunMs += ms;
      this.#markFlood(flow);
    } else if (flow) flow.hasBegun = true;
  }

  /** Whether the source has unread bytes. */
  hasMore(from: From): boolean {
    return (this.#flows.get(from)?.chunks.length ?? 0) > 0;
  }

  /** Another reader takes over the source. @returns the unread bytes. */
  withdraw(from: From): Buffer {
    const { chunks = [], read = 0 } = this.#flows.get(from) ?? {};
    this.forget(from);
    return Buffer.concat(chunks).subarray(read);
  }

  /** The source has ended. */
  forget(from: From): void {
    this.#held.delete(from);
    this.#drop(from);
  }

  /** Since when a source has been sending faster than it is read; undefined when it is not. Monotonic, ms. */
  busySince(from: From): number | undefined {
    return this.#flows.get(from)?.since;
  }

  /** How many sources have unread bytes. */
  get waiting(): number {
    return this.#flows.size;
  }

  /** Clears all timers. Call it once the sources are destroyed. */
  stop(): void {
    this.#flows.clear();
    this.#floods = 0;
    this.#held.clear();
    this.#clock.clearTimeout(this.#round);
    this.#clock.clearTimeout(this.#forgetting);
  }

  get #hasTime(): boolean {
    return this.#spentMs < this.#limits.inputMsPerLoopTurn;
  }

  // ── light senders ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Serves the fresh flows in the next loop turn, with a new time budget. */
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

  // ── heavy senders ─────────────────────────────────────────────────────────────────────────────────────────────────

  #wait(flow: Flow<From>): void {
    if (flow.isWaiting) return;
    flow.isWaiting = true;
    this.#waiting.push(flow);
    if (!this.#isRoundScheduled) this.#scheduleRound(this.#cooldownUntil - this.#clock.now());
  }

  #scheduleRound(cooldownMs: number): void {
    this.#isRoundScheduled = true;
    this.#dueAt = this.#clock.now() + Math.max(0, cooldownMs);
    // A timer takes at least a millisecond. If the loop is late, the round moves to its next turn, so that a long turn
    // is not made longer.
    if (cooldownMs < 1) this.#clock.defer(this.#runRound);
    else
      this.#round = this.#clock.setTimeout(() => {
        if (this.#clock.now() - this.#dueAt > onTimeMs) this.#clock.defer(this.#runRound);
        else this.#runRound();
      }, cooldownMs);
  }

  /** Serves waiting flows for at most inputMsPerLoopTurn. A cooldown precedes the next round. */
  readonly #runRound = (): void => {
    const stoodStillMs = this.#clock.now() - this.#dueAt;
    // Nobody was read meanwhile, which is no sender's fault.
    if (stoodStillMs > stallMs) for (const flow of this.#flows.values()) flow.heldMs += stoodStillMs;
    const { inputMsPerLoopTurn, inputCooldown } = this.#limits;
    let spentMs = 0;
    for (let flow = this.#waiting.shift(); flow; ) {
      flow.isWaiting = false;
      spentMs += this.#serve(flow);
      flow = spentMs < inputMsPerLoopTurn ? this.#waiting.shift() : undefined;
    }
    // A single flooding source delays nobody, so it causes no cooldown.
    const others = Math.max(0, this.#floods - 1);
    const cooldownMs = Math.min(inputCooldown, others) * spentMs;
    this.#cooldownUntil = this.#clock.now() + cooldownMs;
    this.#isRoundScheduled = this.#waiting.length > 0;
    if (this.#isRoundScheduled) this.#scheduleRound(cooldownMs);
  };

  /** Starts a new period when this one is over. So what was served is remembered for one to two servedKeptMs. */
  #forgetSoon(): void {
    this.#forgetting ??= this.#clock.setTimeout(() => {
      this.#forgetting = undefined;
      [this.#servedBefore, this.#served] = [this.#served, this.#servedBefore];
      this.#served.clear();
      if (this.#servedBefore.size > 0) this.#forgetSoon();
    }, servedKeptMs);
  }

  // ── both ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Reads one slice of a flow. @returns the time that took plus the time charged for work it has begun, in ms. */
  #serve(flow: Flow<From>): number {
    const { from, chunks } = flow;
    const [chunk] = chunks;
    // It was ignored, held or forgotten in the meantime.
    if (this.#flows.get(from) !== flow || this.#held.has(from)) return 0;
    if (!chunk || from.destroyed) {
      this.#drop(from);
      return 0;
    }
    if (this.#clock.now() - flow.since - flow.heldMs > this.#limits.inputBusyMsMax) {
      this.ignore(from);
      this.#busyTooLong(from);
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
    this.#readOn(from, flow);
    return tookMs;
  }

  /** What is left of the flow waits for its turn. When nothing is left, the source flows again. */
  #readOn(from: From, flow: Flow<From> | undefined): void {
    if (flow && flow.chunks.length > 0) {
      this.#wait(flow);
      return;
    }
    this.#drop(from);
    from.resume();
  }

  #flowOf(from: From): Flow<From> {
    const since = this.#served.get(from)?.since ?? this.#servedBefore.get(from)?.since ?? this.#clock.now();
    const flow = {
      from,
      chunks: [],
      read: 0,
      bytes: this.#lately(from),
      floods: false,
      // While other flows wait, it starts with small slices and grows if they prove cheap.
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

  /** @returns how long reading took, in ms. */
  #readTimed(from: From, slice: Buffer): number {
    const startedAt = this.#clock.now();
    this.#read(from, slice);
    return this.#clock.now() - startedAt;
  }

  #adapt(flow: Flow<From>, tookMs: number): void {
    const { inputSliceBytesMin, inputSliceBytesMax, inputMsPerLoopTurn } = this.#limits;
    const targetMs = inputMsPerLoopTurn * slicePart;
    if (tookMs > targetMs) flow.sliceBytes = Math.max(inputSliceBytesMin, flow.sliceBytes >> 2);
    else if (tookMs < targetMs / 2) flow.sliceBytes = Math.min(inputSliceBytesMax, flow.sliceBytes << 1);
  }
}

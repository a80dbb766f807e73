// The events of one conversation's turns as bytes, in order, numbered by (epoch, seq). Neighbouring deltas are kept as
// one escaped run with the end offset of each part. Every other event is kept as a finished frame. Must never change an
// event that it has logged.
import type { Limits } from "../limits.ts";
import type { LoggedEvent } from "../ports/orchestrator.ts";
import { baseEvent } from "../protocol/base-event.ts";
import { encodeKept, frameHeaderBytes, keptBytes, writeFrameHeader } from "../protocol/frame.ts";
import { objectJson } from "../protocol/json-cache.ts";

/** The start of a run's payload, up to the delta's text. */
interface Head {
  text: string;
  bytes: Buffer;
  /** Identifies the head when its event had exactly the usual fields. */
  usual: { conversationId: unknown; turnId: unknown } | undefined;
}

/** Neighbouring text deltas, or reasoning deltas, of one turn. */
interface Run {
  kind: "run";
  firstSeq: number;
  head: Head;
  /** Escaped JSON text of all parts, without quotes; only the first `bytes` are in use. */
  text: Buffer;
  bytes: number;
  /** The end offset of each part in `text`. */
  ends: number[];
}

interface Whole {
  kind: "whole";
  firstSeq: number;
  frame: Buffer;
  /** For sockets without `turnwire.v1`, when it differs. */
  baseFrame: Buffer | undefined;
}

type Entry = Run | Whole;

/** One turn's part of the log. */
interface Segment {
  turnId: unknown;
  firstSeq: number;
  entries: Entry[];
  /** The newest head of each event type. Runs share it when text and reasoning alternate. */
  heads: Map<string, Head>;
  bytes: number;
  sealedAt: number | undefined;
}

export interface Slice {
  /** Whole frames; empty when there is nothing after the seq asked for. */
  frames: Buffer;
  /** The same for sockets without `turnwire.v1`: the same buffer, unless an event differs for them. */
  baseFrames: Buffer;
  /** The seq of its last event; the seq asked for when it is empty. */
  seq: number;
}

/** Bytes of all logs of a gateway. */
interface LogLedger {
  bytes: number;
}

/** A run ends at this size, so that growing it never copies much. */
const runBytesMax = 64 * 1024;
const runBytesFirst = 256;
/** Overhead of an entry, a run and a part beside their bytes, measured as heap per entry (Node 24). */
const entryOverheadBytes = 160;
const runOverheadBytes = 480;
const partOverheadBytes = 8;
const joinable: ReadonlySet<string> = new Set(["text-delta", "reasoning-delta"]);

export class TurnLog {
  readonly epoch: string;
  readonly #tail: string;
  readonly #ledger: LogLedger;
  #segments: Segment[] = [];
  #open: Segment | undefined;
  #seq = 0;
  #bytes = 0;
  readonly #eventCharactersMax: number;

  constructor(epoch: string, limits: Pick<Limits, "wholeEventCharactersMax">, ledger: LogLedger = { bytes: 0 }) {
    this.epoch = epoch;
    this.#eventCharactersMax = limits.wholeEventCharactersMax;
    this.#ledger = ledger;
    this.#tail = `,"epoch":${JSON.stringify(epoch)},"seq":`;
  }

  /** The newest event's seq, 0 before the first. */
  get seq(): number {
    return this.#seq;
  }

  /** The seq of the oldest event in the log; seq + 1 when it is empty. */
  get firstSeq(): number {
    return this.#segments[0]?.firstSeq ?? this.#seq + 1;
  }

  /** Whether a client whose last event is this one can resume without a gap. */
  holdsAllAfter({ epoch, seq }: { epoch: string; seq: number }): boolean {
    return epoch === this.epoch && seq <= this.#seq && seq >= this.firstSeq - 1;
  }

  /** Bytes kept, with their overhead. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The turn that has begun and is not sealed: its id, its bytes, and the seq before its first event. The spare
   * capacity of its newest run does not count, because a turn's limit must not depend on how its text is stored.
   */
  get running(): { turnId: unknown; bytes: number; startSeq: number } | undefined {
    const open = this.#open;
    if (!open) return undefined;
    const last = open.entries.at(-1);
    const spare = last?.kind === "run" ? last.text.length - last.bytes : 0;
    return { turnId: open.turnId, bytes: open.bytes - spare, startSeq: open.firstSeq - 1 };
  }

  /**
   * Adds one event under the next seq. A turnId that differs from the running turn's begins a new turn.
   * @throws TypeError when JSON cannot hold the event, RangeError when it is too large; nothing is kept then.
   */
  append(event: LoggedEvent): void {
    const turnId = event.turnId ?? this.#open?.turnId;
    if (joinable.has(event.type) && typeof event["delta"] === "string" && isPlainDelta(event))
      this.#appendText(this.#segmentFor(turnId), event, event["delta"]);
    else {
      const payload = objectText(event, this.#eventCharactersMax);
      const segment = this.#segmentFor(turnId);
      this.#seq++;
      const base = baseEvent(event);
      this.#appendWhole(segment, this.#delta(payload), base === event ? undefined : this.#delta(objectJson(base)));
    }
  }

  /** Seals the running turn: its segment may be shed from now on. @param now monotonic, ms. */
  seal(now: number): void {
    if (this.#open) {
      this.#trim(this.#open);
      this.#open.sealedAt = now;
    }
    this.#open = undefined;
  }

  /** When the oldest segment was sealed; undefined when its turn is running or there is none. */
  get oldestSealedAt(): number | undefined {
    return this.#segments[0]?.sealedAt;
  }

  /** The seq of the oldest segment's last event. */
  get oldestLastSeq(): number {
    return (this.#segments[1]?.firstSeq ?? this.#seq + 1) - 1;
  }

  /** Forgets the oldest sealed turn. */
  shedOldest(): void {
    if (this.oldestSealedAt === undefined) return;
    const shed = this.#segments.shift();
    if (!shed) return;
    this.#bytes -= shed.bytes;
    this.#ledger.bytes -= shed.bytes;
  }

  /** Empties the log and takes it off the ledger. Nothing may be appended afterwards. */
  close(): void {
    this.#ledger.bytes -= this.#bytes;
    this.#bytes = 0;
    this.#segments = [];
    this.#open = undefined;
  }

  /** The frames after a seq, one for each event, up to about bytesMax. Holds at least one event when there is one. */
  frames(afterSeq: number, bytesMax: number): Slice {
    return this.#collect(afterSeq, this.#seq, bytesMax, false);
  }

  /** Like frames(), up to a seq, for catching up: neighbouring text of one turn is joined (protocol 1.5.1). */
  joined(afterSeq: number, untilSeq: number, bytesMax: number): Slice {
    return this.#collect(afterSeq, untilSeq, bytesMax, true);
  }

  #segmentFor(turnId: unknown): Segment {
    if (this.#open && this.#open.turnId === turnId) return this.#open;
    if (this.#open) this.seal(Number.NEGATIVE_INFINITY);
    const firstSeq = this.#seq + 1;
    const segment: Segment = { turnId, firstSeq, entries: [], heads: new Map(), bytes: 0, sealedAt: undefined };
    this.#segments.push(segment);
    this.#open = segment;
    return segment;
  }

  #delta(payload: string | undefined): string {
    return `{"type":"chat.delta","event":${payload}${this.#tail}${this.#seq}}`;
  }

  #appendWhole(segment: Segment, payload: string, basePayload: string | undefined): void {
    this.#trim(segment);
    const frame = encodeKept(payload);
    const baseFrame = basePayload === undefined ? undefined : encodeKept(basePayload);
    segment.entries.push({ kind: "whole", firstSeq: this.#seq, frame, baseFrame });
    this.#grow(segment, frame.length + (baseFrame?.length ?? 0) + entryOverheadBytes);
  }

  #appendText(segment: Segment, event: LoggedEvent, delta: string): void {
    const head = this.#headFor(segment, event);
    const escaped = JSON.stringify(delta).slice(1, -1);
    const bytes = Buffer.byteLength(escaped);
    this.#seq++;
    const last = segment.entries.at(-1);
    const fits = last?.kind === "run" && last.head === head && last.bytes + bytes <= runBytesMax;
    let run = fits ? last : undefined;
    if (!run) {
      this.#trim(segment);
      const text = Buffer.allocUnsafeSlow(Math.max(runBytesFirst, bytes));
      run = { kind: "run", firstSeq: this.#seq, head, text, bytes: 0, ends: [] };
      segment.entries.push(run);
      this.#grow(segment, text.length + runOverheadBytes);
    }
    const needed = run.bytes + bytes;
    if (needed > run.text.length) this.#resize(segment, run, Math.max(needed, run.text.length * 2));
    run.bytes += run.text.write(escaped, run.bytes);
    run.ends.push(run.bytes);
    this.#grow(segment, partOverheadBytes);
  }

  /** The newest run has ended: frees its spare capacity. */
  #trim(segment: Segment): void {
    const last = segment.entries.at(-1);
    if (last?.kind === "run" && last.text.length > last.bytes) this.#resize(segment, last, last.bytes);
  }

  #resize(segment: Segment, run: Run, capacity: number): void {
    this.#grow(segment, capacity - run.text.length);
    const text = Buffer.allocUnsafeSlow(capacity);
    run.text.copy(text, 0, 0, run.bytes);
    run.text = text;
  }

  /** The segment's head for this event. Neighbouring events with the same head object share a run. */
  #headFor(segment: Segment, event: LoggedEvent): Head {
    const known = segment.heads.get(event.type);
    const { conversationId, turnId } = event;
    const isUsual = hasUsualFields(event);
    if (isUsual && known?.usual && known.usual.turnId === turnId && known.usual.conversationId === conversationId)
      return known;
    const { delta: _, ...rest } = event;
    const text = `{"type":"chat.delta","event":${JSON.stringify(rest).slice(0, -1)},"delta":"`;
    if (known?.text === text) return known;
    const head = { text, bytes: keptBytes(text), usual: isUsual ? { conversationId, turnId } : undefined };
    segment.heads.set(event.type, head);
    this.#grow(segment, 2 * head.bytes.length + entryOverheadBytes);
    return head;
  }

  #grow(segment: Segment, bytes: number): void {
    segment.bytes += bytes;
    this.#bytes += bytes;
    this.#ledger.bytes += bytes;
  }

  #collect(afterSeq: number, untilSeq: number, bytesMax: number, join: boolean): Slice {
    const parts: Buffer[] = [];
    /** Undefined as long as no part differs for base sockets. */
    let baseParts: Buffer[] | undefined;
    let bytes = 0;
    let seq = afterSeq;
    for (const entry of this.#entriesAfter(afterSeq)) {
      if (entry.firstSeq > untilSeq) break;
      if (entry.kind === "whole") {
        if (bytes > 0 && bytes + entry.frame.length > bytesMax) break;
        if (entry.baseFrame) baseParts ??= [...parts];
        parts.push(entry.frame);
        baseParts?.push(entry.baseFrame ?? entry.frame);
        bytes += entry.frame.length;
        seq = entry.firstSeq;
      } else {
        const last = Math.min(lastSeq(entry), untilSeq);
        while (seq < last && (bytes === 0 || bytes < bytesMax)) {
          const from = Math.max(seq + 1, entry.firstSeq);
          const to = join ? partsWithin(entry, from, last, bytesMax - bytes) : from;
          const frame = this.#runFrame(entry, from, to);
          parts.push(frame);
          baseParts?.push(frame);
          bytes += frame.length;
          seq = to;
        }
      }
      if (bytes >= bytesMax) break;
    }
    const frames = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts, bytes);
    return { frames, baseFrames: baseParts ? Buffer.concat(baseParts) : frames, seq };
  }

  /** The entries with events after the seq, found by binary search: a log may have 100,000 entries. */
  *#entriesAfter(afterSeq: number): Generator<Entry> {
    const segments = this.#segments;
    // Searched from the end, where most cursors are: a log may keep hundreds of turns.
    let first = segments.length - 1;
    while (first > 0 && (segments[first]?.firstSeq ?? 0) > afterSeq + 1) first--;
    for (const { entries } of segments.slice(Math.max(0, first))) {
      const last = entries.at(-1);
      if (!last || lastSeq(last) <= afterSeq) continue;
      let low = 0;
      let high = entries.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        const entry = entries[middle];
        if (entry && lastSeq(entry) <= afterSeq) low = middle + 1;
        else high = middle;
      }
      for (let index = low; index < entries.length; index++) {
        const entry = entries[index];
        if (entry) yield entry;
      }
    }
  }

  /** The parts from … to of a run as one frame, with a fromSeq when there are several. */
  #runFrame(run: Run, from: number, to: number): Buffer {
    const start = run.ends[from - run.firstSeq - 1] ?? 0;
    const end = run.ends[to - run.firstSeq] ?? run.bytes;
    const tail = `"}${this.#tail}${to}${from === to ? "" : `,"fromSeq":${from}`}}`;
    const payloadBytes = run.head.bytes.length + (end - start) + tail.length;
    const frame = Buffer.allocUnsafe(frameHeaderBytes(payloadBytes) + payloadBytes);
    let offset = writeFrameHeader(frame, 0, payloadBytes);
    offset += run.head.bytes.copy(frame, offset);
    offset += run.text.copy(frame, offset, start, end);
    frame.write(tail, offset, "latin1");
    return frame;
  }
}

const lastSeq = (entry: Entry): number =>
  entry.kind === "whole" ? entry.firstSeq : entry.firstSeq + entry.ends.length - 1;

/** The seq of the last part of the run that still fits; at least `from` itself. */
function partsWithin(run: Run, from: number, last: number, bytesMax: number): number {
  const start = run.ends[from - run.firstSeq - 1] ?? 0;
  let to = from;
  while (to < last && (run.ends[to + 1 - run.firstSeq] ?? 0) - start <= bytesMax) to++;
  return to;
}

/** @throws TypeError, RangeError */
function objectText(event: LoggedEvent, charactersMax: number): string {
  const text = objectJson(event);
  // It may be an array, or anything that its toJSON returns.
  if (text?.[0] !== "{") throw new TypeError("an event must be a JSON object");
  if (text.length > charactersMax)
    throw new RangeError(`an event of ${text.length} characters is over the limit of ${charactersMax}`);
  return text;
}

const usualFields = ["type", "conversationId", "turnId", "delta"];

/** Whether the event has exactly the contract's fields, in order. Then their values alone identify its head. */
function hasUsualFields(event: LoggedEvent): boolean {
  let count = 0;
  for (const field in event) if (field !== usualFields[count++]) return false;
  return count === usualFields.length;
}

/** Whether all fields are strings, so that two heads can be compared as text. */
function isPlainDelta(event: LoggedEvent): boolean {
  return Object.values(event).every((value) => typeof value === "string");
}

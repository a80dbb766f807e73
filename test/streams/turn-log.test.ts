// The turn log compared with a list of the appended events: whatever the events and however they are read, the same
// text comes out with gap-free numbers.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import type { LoggedEvent } from "../../src/ports/orchestrator.ts";
import { TurnLog } from "../../src/streams/turn-log.ts";
import { seeded } from "../support/seed.ts";
import { messagesIn } from "../support/socket.ts";

const test = suite("turn log");
const check = seeded("turn log");

const conversationId = "c";
const text = (delta: string, turnId = "t1"): LoggedEvent => ({ type: "text-delta", conversationId, turnId, delta });
const thought = (delta: string, turnId = "t1"): LoggedEvent => ({ ...text(delta, turnId), type: "reasoning-delta" });
const other = (type: string, fields: object = {}, turnId = "t1"): LoggedEvent => ({
  type,
  conversationId,
  turnId,
  ...fields,
});

/** The messages of a slice. */
interface Said {
  event: Record<string, unknown>;
  epoch: unknown;
  seq: number;
  fromSeq: number;
}

function saidIn(frames: Buffer): Said[] {
  return messagesIn(frames).map((message) => {
    const { type, event, epoch, seq, fromSeq = seq } = message;
    assert.is(type, "chat.delta");
    if (typeof seq !== "number" || typeof fromSeq !== "number" || typeof event !== "object" || event === null)
      throw new Error(`not a delta: ${JSON.stringify(message)}`);
    return { event: { ...event }, epoch, seq, fromSeq };
  });
}

const logOf = (events: readonly LoggedEvent[]): TurnLog => {
  const log = new TurnLog("e", limits);
  for (const event of events) log.append(event);
  return log;
};

/** Reads slice after slice from a seq to the end. */
function readAll(log: TurnLog, afterSeq: number, bytesMax: number, joined: boolean): { said: Said[]; sizes: number[] } {
  const said: Said[] = [];
  const sizes: number[] = [];
  for (let seq = afterSeq; seq < log.seq; ) {
    const slice = joined ? log.joined(seq, log.seq, bytesMax) : log.frames(seq, bytesMax);
    assert.ok(slice.seq > seq, "a slice has at least one event");
    said.push(...saidIn(slice.frames));
    sizes.push(slice.frames.length);
    assert.is(said.at(-1)?.seq, slice.seq);
    seq = slice.seq;
  }
  return { said, sizes };
}

/** Compares messages with the list of appended events. The event with number seq is at index seq - 1. */
function agrees(said: Said[], events: readonly LoggedEvent[], afterSeq: number, joined: boolean): void {
  let last = afterSeq;
  for (const { event, epoch, seq, fromSeq } of said) {
    assert.is(epoch, "e");
    assert.is(fromSeq, last + 1, "no gap, nothing twice");
    last = seq;
    if (!joined) assert.is(fromSeq, seq, "events are not joined");
    const parts = events.slice(fromSeq - 1, seq);
    // Only strings are joined. A host may also send a delta that is not a string.
    const [alone] = parts;
    const asOne = parts.length > 1 ? { ...alone, delta: parts.map((part) => part["delta"]).join("") } : alone;
    assert.equal(event, JSON.parse(JSON.stringify(asOne)));
    assert.ok(parts.every(({ type, turnId }) => type === event["type"] && turnId === event["turnId"]));
  }
  assert.is(last, events.length);
}

// ── properties ────────────────────────────────────────────────────────────────────────────────────────────────────

const unit = fc.oneof(
  fc.constantFrom("\ud83d", "\ude00", '"', "\\", "\n", "\u2028", "\u0000", "€", "😀", "{", "</script>"),
  fc.string({ unit: "binary", maxLength: 3 }),
);
const delta = fc.oneof(
  { weight: 8, arbitrary: fc.array(unit, { maxLength: 12 }).map((units) => units.join("")) },
  {
    weight: 1,
    arbitrary: fc.tuple(unit, fc.integer({ min: 1_000, max: 40_000 })).map(([one, times]) => one.repeat(times)),
  },
);
const body = fc.oneof(
  { weight: 6, arbitrary: delta.map((value) => ({ type: "text-delta", delta: value })) },
  { weight: 3, arbitrary: delta.map((value) => ({ type: "reasoning-delta", delta: value })) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("tool-call"), input: fc.jsonValue() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("text-delta"), delta, extra: fc.jsonValue() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("text-delta"), delta: fc.jsonValue() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("odd-thing"), delta }) },
);
/** Turns of a conversation, each with its events in order. */
const turns = fc.array(fc.array(body, { maxLength: 14 }), { minLength: 1, maxLength: 4 });
const withTurnIds = (list: { type: string }[][]): LoggedEvent[][] =>
  list.map((bodies, index) => bodies.map((one) => ({ ...one, conversationId, turnId: `t${index}` })));

test("any events, read in slices of any size from any place, come out unchanged", () => {
  const property = fc.property(
    turns,
    fc.nat(),
    fc.integer({ min: 1, max: 200_000 }),
    fc.boolean(),
    fc.boolean(),
    (list, from, bytesMax, joined, isSealed) => {
      const log = new TurnLog("e", limits);
      const events: LoggedEvent[] = [];
      for (const turn of withTurnIds(list)) {
        for (const event of turn) {
          log.append(event);
          events.push(event);
        }
        if (isSealed) log.seal(0);
      }
      assert.is(log.seq, events.length);
      const afterSeq = from % (events.length + 1);
      const { said, sizes } = readAll(log, afterSeq, bytesMax, joined);
      agrees(said, events, afterSeq, joined);
      const largest = Math.max(0, ...readAll(log, 0, 1, false).sizes);
      for (const size of sizes)
        assert.ok(size <= bytesMax + largest, "a slice exceeds its budget by at most one event");
    },
  );
  check(property, 1_000);
});

test("a joined slice never exceeds the given seq", () => {
  const property = fc.property(turns, fc.nat(), fc.nat(), (list, from, until) => {
    const events = withTurnIds(list).flat();
    const log = logOf(events);
    const afterSeq = from % (events.length + 1);
    const untilSeq = afterSeq + (until % (events.length - afterSeq + 1));
    const slice = log.joined(afterSeq, untilSeq, Number.MAX_SAFE_INTEGER);
    assert.is(slice.seq, untilSeq);
    agrees(saidIn(slice.frames), events.slice(0, untilSeq), afterSeq, true);
  });
  check(property);
});

test("shedding drops whole turns with all their bytes, the oldest first, and never the running one", () => {
  const property = fc.property(turns, fc.nat(6), fc.boolean(), (list, sheds, lastIsSealed) => {
    const byTurn = withTurnIds(list).filter((turn) => turn.length > 0);
    const log = new TurnLog("e", limits);
    const bytesOf: number[] = [];
    for (const [index, turn] of byTurn.entries()) {
      const before = log.bytes;
      for (const event of turn) log.append(event);
      const running = log.running?.bytes ?? Number.NaN;
      const kept = log.bytes - before;
      assert.ok(running <= kept && kept - running <= 64 * 1_024, "the unfilled rest of a buffer does not count");
      assert.is(log.running?.turnId, `t${list.indexOf(list.filter((one) => one.length > 0)[index] ?? [])}`);
      if (index < byTurn.length - 1 || lastIsSealed) log.seal(index);
      bytesOf.push(log.bytes - before);
    }
    const mayGo = lastIsSealed ? byTurn.length : Math.max(0, byTurn.length - 1);
    const gone = Math.min(sheds, mayGo);
    for (let count = 0; count < sheds; count++) log.shedOldest();
    const events = byTurn.flat();
    const first = byTurn.slice(0, gone).flat().length;
    assert.is(log.firstSeq, first + 1);
    assert.is(log.seq, events.length);
    assert.is(log.oldestSealedAt, gone < mayGo ? gone : undefined);
    assert.is(
      log.bytes,
      bytesOf.slice(gone).reduce((sum, bytes) => sum + bytes, 0),
    );
    agrees(readAll(log, first, 10_000, true).said, events, first, true);
  });
  check(property, 300);
});

test("the log's own count of bytes covers its frames", () => {
  const property = fc.property(turns, (list) => {
    const log = logOf(withTurnIds(list).flat());
    const { frames } = log.joined(0, log.seq, Number.MAX_SAFE_INTEGER);
    // The tail of a frame (epoch and seq) is created when the frame is read.
    assert.ok(log.bytes >= frames.length - 80 * saidIn(frames).length, `${log.bytes} of ${frames.length}`);
  });
  check(property, 200);
});

// ── by example ────────────────────────────────────────────────────────────────────────────────────────────────────

test("an empty log has no frames", () => {
  const log = new TurnLog("e", limits);
  assert.equal([log.seq, log.firstSeq, log.bytes, log.running, log.oldestSealedAt], [0, 1, 0, undefined, undefined]);
  assert.equal(log.frames(0, 1_000).frames.length, 0);
  assert.is(log.joined(0, 0, 1_000).seq, 0);
  log.shedOldest();
  log.seal(1);
  assert.is(log.firstSeq, 1);
});

test("neighbouring text is joined with fromSeq, and a single part has no fromSeq", () => {
  const log = logOf([text("a"), text("b"), text("c")]);
  const payload = (slice: { frames: Buffer }): string => slice.frames.subarray(2).toString();
  const head = '{"type":"chat.delta","event":{"type":"text-delta","conversationId":"c","turnId":"t1","delta":';
  assert.is(payload(log.joined(0, 3, 1_000)).slice(2), `${head}"abc"},"epoch":"e","seq":3,"fromSeq":1}`);
  assert.is(payload(log.joined(2, 3, 1_000)), `${head}"c"},"epoch":"e","seq":3}`);
});

test("a base socket's frames lack whose a text is, with the same seqs; the bytes are shared otherwise", () => {
  const plain = [text("a"), other("user-message", { text: "hi" }), other("hosts-own", { images: 1, by: "x" })];
  for (const read of ["frames", "joined"] as const) {
    const log = logOf(plain);
    const slice = read === "frames" ? log.frames(0, 10_000) : log.joined(0, log.seq, 10_000);
    assert.is(slice.baseFrames, slice.frames, "nothing is encoded or copied for them");

    const fields = { text: "hi", messageId: "m", messageIds: ["m", "n"], by: "x", images: [{ url: "u" }] };
    const full = logOf([...plain, text("b"), other("user-message", fields), other("steering", fields), text("c")]);
    const { frames, baseFrames } = read === "frames" ? full.frames(0, 10_000) : full.joined(0, full.seq, 10_000);
    const hidden = new Set(["messageId", "messageIds", "by", "images"]);
    const asBase = saidIn(frames).map(({ event, ...rest }) => {
      const isText = event["type"] === "user-message" || event["type"] === "steering";
      const shown = Object.fromEntries(Object.entries(event).filter(([name]) => !(isText && hidden.has(name))));
      return {
        event: shown,
        ...rest,
      };
    });
    assert.equal(saidIn(baseFrames), asBase);
    assert.is.not(baseFrames.length, frames.length);
    const before = full.bytes;
    full.seal(0);
    full.shedOldest();
    assert.is(full.bytes, 0, `${before} bytes are all given back`);
  }
});

test("text is never joined across another event, another kind or another turn", () => {
  const events = [text("a"), thought("b"), text("c"), other("tool-call"), text("d"), text("e", "t2")];
  const { said } = readAll(logOf(events), 0, 10_000, true);
  assert.equal(
    said.map(({ event }) => event["delta"] ?? event["type"]),
    ["a", "b", "c", "tool-call", "d", "e"],
  );
});

test("a surrogate pair that is split over two deltas is whole when they are joined, and each half stays alone", () => {
  const log = logOf([text("\ud83d"), text("\ude00"), text("\ud83d")]);
  assert.equal(
    readAll(log, 0, 10_000, true).said.map(({ event }) => event["delta"]),
    ["😀\ud83d"],
  );
  assert.equal(
    readAll(log, 0, 10_000, false).said.map(({ event }) => event["delta"]),
    ["\ud83d", "\ude00", "\ud83d"],
  );
});

test("text larger than a run is kept in several runs and reads as one text", () => {
  const deltas = Array.from({ length: 5_000 }, (_, index) => `${index} of the words; `);
  const events = deltas.map((value) => text(value));
  const log = logOf(events);
  const { said } = readAll(log, 0, Number.MAX_SAFE_INTEGER, true);
  assert.ok(said.length > 1 && said.length < 5, `${said.length} frames`);
  agrees(said, events, 0, true);
  assert.is(said.map(({ event }) => event["delta"]).join(""), deltas.join(""));
});

test("one delta larger than a run is kept whole", () => {
  const events = [text("a"), text("€".repeat(100_000)), text("b")];
  const log = logOf(events);
  agrees(readAll(log, 0, 1, true).said, events, 0, true);
  agrees(readAll(log, 0, Number.MAX_SAFE_INTEGER, true).said, events, 0, true);
});

test("a slice exceeds its budget by at most one event, even in the middle of a run", () => {
  const log = logOf(Array.from({ length: 1_000 }, () => text("x".repeat(100))));
  for (const joined of [true, false]) {
    const { sizes } = readAll(log, 0, 4_096, joined);
    assert.ok(sizes.every((size) => size <= 4_096 + 250));
    assert.ok(
      sizes.slice(0, -1).every((size) => size > 3_000),
      "a slice uses its budget",
    );
  }
});

test("several turns are in one log with one numbering", () => {
  const log = new TurnLog("e", limits);
  const events = [
    other("turn-start"),
    text("one"),
    other("turn-sealed"),
    other("turn-start", {}, "t2"),
    text("two", "t2"),
  ];
  for (const event of events) {
    log.append(event);
    if (event.type === "turn-sealed") log.seal(7);
  }
  assert.equal(log.running && [log.running.turnId, log.running.startSeq], ["t2", 3]);
  assert.is(log.oldestSealedAt, 7);
  agrees(readAll(log, 0, 1_000, true).said, events, 0, true);
});

test("a turn that begins while another is open ends that one, which may then be shed", () => {
  const log = logOf([text("one"), text("two", "t2")]);
  assert.is(log.running?.turnId, "t2");
  assert.is(log.oldestSealedAt, Number.NEGATIVE_INFINITY);
  log.shedOldest();
  assert.is(log.firstSeq, 2);
});

test("an event without a turnId belongs to the running turn", () => {
  const log = logOf([text("one"), { type: "note" }, text("two")]);
  assert.is(log.running?.startSeq, 0);
  assert.is(log.running?.turnId, "t1");
  assert.equal(readAll(log, 1, 1, true).said[0]?.event, { type: "note" });
});

test("an event that JSON cannot encode is refused and leaves no trace", () => {
  const log = logOf([text("a")]);
  const before = log.bytes;
  const circular: LoggedEvent = other("tool-call");
  circular["input"] = circular;
  const nothing = { type: "tool-call", turnId: "t9", toJSON: () => undefined };
  for (const event of [circular, other("tool-call", { input: 1n }), nothing]) {
    assert.throws(
      () => log.append(event),
      (error: unknown) => error instanceof TypeError,
    );
    assert.equal([log.seq, log.bytes, log.running?.turnId], [1, before, "t1"]);
  }
  log.append(text("b"));
  agrees(readAll(log, 0, 1_000, true).said, [text("a"), text("b")], 0, true);
});

test("an event that is too large to be sent in one piece is refused and leaves no trace", () => {
  const log = logOf([text("a")]);
  const before = log.bytes;
  const large = (characters: number) => other("tool-call", { input: "x".repeat(characters) });
  assert.throws(
    () => log.append(large(limits.wholeEventCharactersMax)),
    (error: unknown) => error instanceof RangeError && /is over the limit of/.test(error.message),
  );
  assert.equal([log.seq, log.bytes], [1, before]);
  log.append(large(limits.wholeEventCharactersMax - 100));
  assert.is(log.seq, 2);
});

test("an array, or an event whose toJSON gives an array or a string, is refused", () => {
  const log = new TurnLog("e", limits);
  const array = Object.assign([], { type: "tool-call" }) as unknown as LoggedEvent;
  for (const event of [array, { type: "note", toJSON: () => [1] }, { type: "note", toJSON: () => "text" }])
    assert.throws(
      () => log.append(event),
      (error: unknown) => error instanceof TypeError,
    );
  assert.equal([log.seq, log.running], [0, undefined]);
});

test("frames that were read do not change when events are appended", () => {
  const log = logOf([text("a"), other("tool-call")]);
  const early = log.joined(0, 2, 1_000).frames;
  const copy = Buffer.from(early);
  for (let count = 0; count < 1_000; count++) log.append(text("more"));
  assert.equal(early, copy);
});

test("the cost of reading for a cursor far behind does not grow with the log", () => {
  const log = new TurnLog("e", limits);
  for (let index = 0; index < 100_000; index++) log.append(index % 2 ? text("x") : other("tool-output", { data: "y" }));
  const costOf = (afterSeq: number): number => {
    const startedAt = performance.now();
    for (let round = 0; round < 200; round++) log.joined(afterSeq + round, log.seq, 1_000);
    return performance.now() - startedAt;
  };
  costOf(10);
  const [early, late] = [costOf(10), costOf(99_000)];
  assert.ok(late < 20 * Math.max(1, early), `${late} ms at the end, ${early} ms at the beginning`);
});

test.run();

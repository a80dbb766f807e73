// The flight recorder on a real server with real sockets: what ended badly is on record with its last moves, and
// nothing else is.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Payloads, RecordSummary, RecordsFound } from "../../src/diagnostics/inspection/answers.ts";
import { badEnds } from "../../src/diagnostics/inspection/bad-ends.ts";
import { Recorder } from "../../src/diagnostics/inspection/recorder.ts";
import type { RecordedChange, Recording } from "../../src/diagnostics/inspection/recording.ts";
import { type Limits, limits } from "../../src/limits.ts";
import { tonedStates, toneOf } from "../../visualizations/live/tones.js";
import { eventually } from "../support/deadline.ts";
import { type InspectFixture, type InspectFixtureOptions, startInspectFixture } from "../support/inspect-fixture.ts";
import { MemoryGateway } from "../support/memory-gateway.ts";

const test = suite("diagnostics: recorder");

async function withServer(options: InspectFixtureOptions, run: (fixture: InspectFixture) => Promise<void>) {
  const fixture = await startInspectFixture(options);
  try {
    await run(fixture);
  } finally {
    await fixture.end();
  }
}

const read = async <Answer>({ url }: InspectFixture, path: string): Promise<Answer> => {
  const response = await fetch(`${url}/${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as Answer;
};

/** Waits until something is on record, and returns the newest. */
async function newest(fixture: InspectFixture, chart: string): Promise<[RecordSummary, Recording]> {
  const summary = await eventually(
    async () => (await read<RecordsFound>(fixture, "records")).records.find(({ actor }) => actor.chart === chart),
    `a record of a ${chart}`,
  );
  return [summary, await read<Recording>(fixture, `records/${summary.id}`)];
}

const eventsOf = (changes: RecordedChange[]): string[] => changes.map(({ type, event }) => event ?? type);

test("a socket that does not read is on record with 4001 and the moves that led to it", () =>
  withServer(
    { mode: "record", limits: { ackTimeoutMs: 300, ackTargetMs: 100, closingMs: 300, sweepIntervalMs: 100 } },
    async (fixture) => {
      const client = await fixture.join();
      const id = fixture.newest("connection");
      client.send({ type: "chat.subscribe", conversationId: "c" });
      await client.barrier();
      client.pause();
      const other = await fixture.join();
      const message = JSON.stringify({ tokens: 3_000, size: 2_000 });
      other.send({ type: "chat.send", conversationId: "c", model: "demo/script", message });
      const [summary, recording] = await newest(fixture, "connection");
      assert.equal([summary.actor.id, summary.how, summary.state], [id, "done", "connection.closing.because.slow"]);
      assert.is(summary.why, "It did not read: 4001.");
      assert.ok(summary.endedAt >= summary.bornAt);
      const { about, actors, changes } = recording;
      assert.equal([about, actors], [summary.why, [{ ...summary.actor, dropped: 0 }]]);
      const events = eventsOf(changes);
      assert.equal(events.slice(0, 2), ["started", "chat.subscribe"]);
      assert.equal(events.slice(events.indexOf("socket.congested"), events.indexOf("socket.stuck") + 1), [
        "socket.congested",
        "socket.stuck",
      ]);
      assert.equal([events.at(-1), changes.at(-1)?.type], ["socket.closed", "ended"]);
      assert.equal(changes.find(({ event }) => event === "socket.stuck")?.states, [
        "connection.closing.because.slow",
        "connection.closing.farewell.told",
      ]);
    },
  ));

test("a flooding socket is on record with 4003 and its last 16 moves; one that leaves by itself is not", () =>
  withServer({ mode: "record", limits: { readsBurst: 50, readsPerSecond: 1 } }, async (fixture) => {
    const polite = await fixture.join();
    polite.kill();
    await polite.closed;
    const client = await fixture.join();
    const id = fixture.newest("connection");
    for (let count = 0; count < 5_000; count++) client.send({ type: "ping" });
    assert.is((await client.untilClosed()).code, 4003);
    const [summary, { actors, changes }] = await newest(fixture, "connection");
    assert.equal([summary.actor.id, summary.state], [id, "connection.closing.because.flooding"]);
    assert.is(changes.length, 16 + 1, "its moves and its end");
    assert.ok((actors[0]?.dropped ?? 0) >= 30, "it says how many moves are gone");
    const events = eventsOf(changes);
    assert.equal(events.slice(-3), ["socket.flooding", "socket.closed", "socket.closed"]);
    assert.ok(
      events.slice(0, -3).every((event) => event === "ping"),
      events.join(),
    );
    assert.is((await read<RecordsFound>(fixture, "records")).total, 1);
  }));

const failing = JSON.stringify({ tokens: 4, failAfter: 2 });

for (const [mode, isShown] of [
  ["record", false],
  ["full,record", true],
] as const)
  test(`a failed turn is on record with its states; --inspect=${mode} shows ${isShown ? "why" : "no text"}`, () =>
    withServer({ mode }, async (fixture) => {
      const client = await fixture.join();
      client.send({ type: "chat.send", conversationId: "plans", model: "demo/script", message: failing });
      await client.nextEvent("plans", "turn-sealed");
      const [summary, { changes }] = await newest(fixture, "turn");
      assert.equal([summary.actor.names, summary.state], [{ conversationId: "plans" }, "turn.failed"]);
      assert.is(summary.why, "The agent threw; its answer so far is kept.");
      assert.equal(eventsOf(changes), ["started", "agent.writing", "agent.failed", "agent.failed"]);
      const [failed, ...others] = changes.filter(({ payload }) => payload !== undefined);
      assert.is(others.length, 0);
      assert.is(failed?.event, isShown ? "agent.failed" : undefined);
      assert.is(JSON.stringify(changes).includes("as told"), isShown);
    }));

test("without record nothing is recorded, nothing observes the actors, and the answer says how to turn it on", () =>
  withServer({ mode: "on" }, async (fixture) => {
    assert.is(fixture.server.gateway.inspection.observers, 0);
    for (const path of ["records", "records/r1"]) {
      const response = await fetch(`${fixture.url}/${path}`);
      assert.is(response.status, 404);
      assert.match(await response.text(), "start the server with --inspect=record");
    }
    assert.is((await read<{ records?: object }>(fixture, "overview")).records, undefined);
  }));

interface Recorded {
  fixture: MemoryGateway;
  recorder: Recorder;
}

function withRecorder(changed: Partial<Limits>, payloads: Payloads, run: (parts: Recorded) => void): void {
  const fixture = new MemoryGateway();
  const { clock, gateway } = fixture;
  const { inspection } = gateway;
  const recorder = new Recorder({ inspection, payloads, clock, limits: { ...limits, ...changed } });
  run({ fixture, recorder });
  recorder.stop();
  assert.is(inspection.observers, 0);
  fixture.stop();
}

/** A socket that has not read, and has gone. */
function end(fixture: MemoryGateway): void {
  const client = fixture.join();
  [...fixture.gateway.connections.all()].at(-1)?.tell("socket.stuck");
  fixture.settle();
  client.vanish();
}

test("the records are bounded: the oldest goes, and the newest come first", () =>
  withRecorder({ recordsMax: 3, recordedMovesMax: 2 }, "hidden", ({ fixture, recorder }) => {
    for (let count = 0; count < 5; count++) end(fixture);
    const { total, records } = recorder.records();
    assert.equal([total, records.map(({ id }) => id)], [5, ["r5", "r4", "r3"]]);
    assert.equal(recorder.counts, { kept: 3, total: 5 });
    assert.is(recorder.record("r2"), undefined);
    const kept = recorder.record("r5");
    assert.equal(kept && [kept.changes.length, kept.actors[0]?.dropped], [2 + 1, 1]);
  }));

test("of an event that did nothing a record says what the chart declares about it", () =>
  withRecorder({}, "hidden", ({ fixture, recorder }) => {
    fixture.join();
    const [connection] = fixture.gateway.connections.all();
    for (const event of ["socket.drained", "socket.stuck", "socket.drained"] as const) connection?.tell(event);
    fixture.settle();
    connection?.actor?.send({ type: "socket.closed" });
    const changes = recorder.record("r1")?.changes.filter(({ event }) => event === "socket.drained");
    assert.equal(
      changes?.map(({ handled, refusedBy, declared }) => [handled, refusedBy, declared]),
      [
        [false, [], "neverGets"],
        [false, [], "ignores"],
      ],
    );
  }));

test("an actor that throws is on record with the event that it threw at", () => {
  const fixture = new MemoryGateway({
    logger: {
      info: () => {
        throw new Error("a defect");
      },
    },
  });
  const { clock, gateway } = fixture;
  const recorder = new Recorder({ inspection: gateway.inspection, payloads: "hidden", clock, limits });
  const client = fixture.join();
  client.send({ type: "chat.send", conversationId: "c", message: "hello" });
  const [record] = recorder.records().records;
  assert.equal([record?.actor.chart, record?.how, record?.why], ["connection", "error", "It threw, taking chat.send."]);
  recorder.stop();
  fixture.orchestrator.end("c");
  fixture.stop(["connection: defect"]);
});

test("every bad end is shown as bad by the page, and every end that the page shows as bad is on record", () => {
  for (const state of badEnds.keys()) assert.is(toneOf(state), "bad", state);
  const isEnd = /^(connection\.closing|watch|turn)\.[a-z]+$/i;
  for (const state of tonedStates())
    if (toneOf(state) === "bad" && isEnd.test(state)) assert.ok(badEnds.has(state), state);
});

test.run();

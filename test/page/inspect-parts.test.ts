// The parts of the inspector page that need no browser: its log, its filter, the table of kinds, its wording and its
// requests to the server.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { boxesOf, chartOf } from "../../scripts/pictures/chart.ts";
import { machines } from "../../src/diagnostics/inspection/machines.ts";
import { ApiError, type Store } from "../../src/page/http.js";
import { ages, change, everyone, type Filter, isEveryone, queryOf } from "../../visualizations/live/filter.js";
import * as format from "../../visualizations/live/format.js";
import { createLog, type Log, type LogLine } from "../../visualizations/live/log.js";
import { outcomeOf, refusalWords } from "../../visualizations/live/outcome.js";
import { createPull } from "../../visualizations/live/pull.js";
import * as route from "../../visualizations/live/route.js";
import type { ActorLine } from "../../visualizations/live/stream.js";
import { telling, tonedStates } from "../../visualizations/live/tones.js";
import { rowsOf } from "../../visualizations/live/tree.js";
import { SimulatedClock } from "../support/clock.ts";
import { eventually } from "../support/deadline.ts";
import { createApi, followLines } from "../support/inspect-modules.ts";

// ── the log ───────────────────────────────────────────────────────────────────────────────────────────────────────

const log = suite("page/inspect: the log");

/** Entries of one actor that moves from state s1 to s2 and so on. */
function filled(count: number, entriesMax = 100): Log {
  const it = createLog({ entriesMax });
  for (let index = 1; index <= count; index++) it.add(moved(index));
  return it;
}

const moved = (index: number): LogLine => ({
  type: "moved",
  at: index,
  event: "go",
  handled: true,
  transitions: [],
  states: [`s${index}`],
});

log("the log keeps the newest entries and counts the dropped ones", () => {
  const it = filled(25, 10);
  assert.equal(
    it.entries.map(({ number }) => number),
    [16, 17, 18, 19, 20, 21, 22, 23, 24, 25],
  );
  assert.is(it.dropped, 15);
  assert.is(createLog().entriesMax, 2_000);
});

log("an entry names its new states, and an entry without states keeps the previous ones", () => {
  const it = createLog();
  it.add({ type: "shown", at: 1, states: ["a", "b"] });
  assert.equal(it.add({ type: "moved", at: 2, states: ["a", "c"] }).changed, ["c"]);
  const gap = it.add({ type: "gap", at: 3 });
  assert.equal([gap.states, gap.changed], [["a", "c"], []]);
});

log("a live log shows its newest entry; a paused log keeps its entry while recording continues", () => {
  const it = filled(3);
  assert.is(it.shown()?.number, 3);
  it.pause();
  it.add(moved(4));
  it.add(moved(5));
  assert.equal(it.shown()?.states, ["s3"]);
  assert.is(it.behind(), 2);
  it.resume();
  assert.is(it.shown()?.number, 5);
  assert.is(it.behind(), 0);
});

log("steps go back and forth between the first and the last entry", () => {
  const it = filled(5);
  it.step(-1);
  assert.ok(it.isPaused);
  assert.is(it.shown()?.number, 4);
  it.step(-10);
  assert.is(it.shown()?.number, 1);
  it.step(+2);
  assert.equal(it.shown()?.states, ["s3"]);
  it.step(+10);
  assert.is(it.shown()?.number, 5);
  it.goTo(2);
  assert.is(it.behind(), 3);
});

log("a time leads to the last entry up to it, and to none before the first", () => {
  const it = filled(5);
  assert.ok(it.goToTime(3.5));
  assert.is(it.shown()?.number, 3);
  assert.not.ok(it.goToTime(0.5));
  assert.is(it.shown()?.number, 3);
});

log("if the shown entry is dropped, the oldest remaining one is shown", () => {
  const it = filled(10, 10);
  it.goTo(2);
  for (let index = 11; index <= 15; index++) it.add(moved(index));
  assert.is(it.shown()?.number, 6);
  it.step(+1);
  assert.is(it.shown()?.number, 7);
});

log("an empty log can be paused, stepped through and shown, and a cleared log is live again", () => {
  const it = createLog();
  it.pause();
  it.step(-1);
  it.goTo(7);
  assert.is(it.shown(), undefined);
  assert.not(it.isPaused);
  it.add(moved(1));
  it.pause();
  it.clear();
  assert.equal([it.entries.length, it.dropped, it.isPaused], [0, 0, false]);
  assert.is(it.add(moved(2)).number, 2);
});

log("an entry says what came of its event, and for one that did nothing why", () => {
  const it = createLog();
  it.add({ type: "shown", at: 0, states: ["a.b"] });
  const outcome = (line: Partial<LogLine>) => {
    const { text, kind } = outcomeOf(it.add({ type: "moved", at: 1, handled: false, states: ["a.b"], ...line }));
    return `${kind}: ${text}`;
  };
  assert.is(outcome({ handled: true, states: ["a.c"] }), "changed: → c");
  assert.is(outcome({ handled: true, states: ["a.c"], transitions: ["a.c go 0"] }), "handled: handled");
  assert.is(outcome({ refusedBy: ["isLost"] }), "ignored: refused: isLost");
  assert.is(outcome({ refusedBy: ["isLost", "isSilent"] }), "ignored: refused by 2 guards");
  assert.is(outcome({ declared: "ignores" }), "ignored: ignored");
  assert.is(outcome({}), "ignored: no transition");
  assert.is(outcome({ declared: "neverGets" }), "failed: not expected here");
  assert.is(refusalWords({ refusedBy: ["isLost"] }), "a guard refused: isLost");
  assert.match(refusalWords({ declared: "ignores" }), /^no state here.*; the chart ignores it/);
});

log.run();

// ── the filter ────────────────────────────────────────────────────────────────────────────────────────────────────

const finding = suite("page/inspect: finding");

finding("an empty filter asks for all actors up to the limit", () => {
  assert.ok(isEveryone(everyone));
  assert.ok(isEveryone(change(everyone, { find: "  " })));
  assert.is(String(queryOf(everyone, 50)), "limit=50");
});

finding("every filter is sent under the server's own names", () => {
  const filter = { find: " a&b ", chart: "watch", state: "watch.left", age: "older-60000" };
  assert.not(isEveryone(filter));
  const query = Object.fromEntries(queryOf(filter, 7));
  assert.equal(query, { limit: "7", find: "a&b", chart: "watch", state: "watch.left", olderThanMs: "60000" });
  assert.is(queryOf({ ...everyone, age: "younger-10000" }, 7).get("youngerThanMs"), "10000");
});

finding('every age except "any age" is sent', () => {
  for (const { value } of ages) assert.is([...queryOf({ ...everyone, age: value }, 1)].length, value === "" ? 1 : 2);
});

finding("choosing another kind clears the state, and choosing the same kind keeps it", () => {
  const surface = change(everyone, { chart: "surface", state: "surface.failed" });
  assert.is(change(surface, { find: "x" }).state, "surface.failed");
  assert.is(change(surface, { chart: "watch" }).state, "");
  assert.is(change(surface, { chart: "" }).state, "");
});

const startedAt = 1_700_000_000_000;

finding("an address leads back to the same lens, filter and moment", () => {
  const filter = { find: "a&b=c?#", chart: "watch", state: "watch.left", age: "older-60000" };
  const routes: route.Route[] = [
    { ...route.home, filter },
    { ...route.home, lens: "actor", id: "x:12", startedAt },
    { lens: "actor", id: "x:12", startedAt, filter, at: 1_700_000_000_041.25, isList: false },
    { lens: "conversation", id: "c/1?", startedAt: undefined, filter, at: undefined, isList: true },
  ];
  for (const one of routes) assert.equal(route.routeOf(route.hashOf(one)), one);
  assert.is(route.hashOf({ filter: everyone }), "#/");
});

finding("an address that says nothing of the filter leaves it, and an invalid one leads to the start page", () => {
  assert.equal(route.routeOf("#/a/x%3A3"), { ...route.home, lens: "actor", id: "x:3" });
  for (const other of ["", "#/", "#/d/x", "#/a/", "#/a/%E0%A4%A", "#/a/x/NO"])
    assert.equal(route.routeOf(other), route.home, other);
  assert.is(route.routeOf("#/a/x?at=soon").at, undefined);
});

finding.run();

// ── the table ─────────────────────────────────────────────────────────────────────────────────────────────────────

const table = suite("page/inspect: kinds and states");

const families = [
  { kind: "gateway", parent: undefined },
  { kind: "connection", parent: "gateway" },
  { kind: "watch", parent: "connection" },
];
const flowing = "connection.open.flow.flowing";
const congested = "connection.open.flow.congested";
const charts = [
  { chart: "connection", count: 3, states: { [flowing]: 2, [congested]: 1 } },
  { chart: "guest", count: 1, states: {} },
];
const rows = (chosen: Partial<Filter>) => rowsOf(families, charts, { ...everyone, ...chosen });

table("every kind has a row with its count below its parent, even with a count of 0", () => {
  assert.equal(
    rows({}).map(({ kind, depth, count }) => [kind, depth, count]),
    [
      ["gateway", 0, 0],
      ["connection", 1, 3],
      ["watch", 2, 0],
      ["guest", 0, 1],
    ],
  );
});

table("a kind's row lists its states in trouble", () => {
  assert.equal(rows({})[1]?.troubles, [{ state: congested, count: 1, tone: "warn" }]);
});

table("the chosen kind shows its states, and the chosen state stays in the list without actors", () => {
  const shown = (chosen: Partial<Filter>) => rows(chosen).map(({ key, count, isChosen }) => [key, count, isChosen]);
  assert.equal(shown({ chart: "connection" }).slice(1, 4), [
    ["connection", 3, true],
    [flowing, 2, false],
    [congested, 1, false],
  ]);
  assert.equal(shown({ chart: "connection", state: "connection.closed" })[4], ["connection.closed", 0, true]);
});

table("every highlighted state is a state of a chart", () => {
  const states = new Set(machines.flatMap((machine) => [...boxesOf(chartOf(machine).root)].map(({ id }) => id)));
  for (const state of tonedStates()) assert.ok(states.has(state), state);
});

table("every state that an operator looks for is highlighted", () => {
  const sought =
    "congested closing slow silent flooding revoked refused defect draining full degraded stopping lagging";
  const ends = "lost failed outgrown overtime unwatched interrupted stalled retrying recovering waitingForStore";
  const toned = new Set(tonedStates());
  const states = machines.flatMap((machine) => [...boxesOf(chartOf(machine).root)]);
  const innermost = states.filter(({ boxes }) => boxes.length === 0).map(({ id }) => id);
  for (const word of `${sought} ${ends}`.split(" ")) {
    const meant = innermost.filter((id) => id.split(".").includes(word));
    assert.ok(meant.length > 0, `no chart has the state ${word}`);
    for (const id of meant) assert.ok(toned.has(id), `${id} has no tone`);
  }
});

table("an actor is described first by a failed state, then by a blocked state, then by its progress", () => {
  const isInitial = (state: string): boolean => state === flowing;
  assert.is(telling([flowing, "connection.open.chatTurn.running"], isInitial), "connection.open.chatTurn.running");
  assert.is(telling([flowing, congested], isInitial), congested);
  assert.is(telling([congested, "turn.failed"], isInitial), "turn.failed");
  assert.is(telling([flowing], isInitial), flowing);
  assert.is(telling([], isInitial), undefined);
});

table.run();

// ── wording ───────────────────────────────────────────────────────────────────────────────────────────────────────

const words = suite("page/inspect: words");

words("durations and sizes are rounded for a reader", () => {
  const durations = [-5, 340, 2_400, 12_300, 65_000, 600_000, 7_500_000, 200_000_000].map(format.duration);
  assert.equal(durations, ["0 ms", "340 ms", "2.4 s", "12 s", "1 min 5 s", "10 min", "2 h 5 min", "2 d"]);
  assert.equal([0, 1_023, 12_800, 3_355_443].map(format.bytes), ["0 B", "1023 B", "12.5 KiB", "3.2 MiB"]);
  assert.is(format.number(10_000), "10,000");
  assert.match(format.timeOfDay(1_700_000_000_041.5), /^\d\d:\d\d:20\.041$/);
});

words("states and events are shown by their last words, and XState's own events in plain words", () => {
  assert.equal(format.stateWords(congested), ["flow", "congested"]);
  assert.equal(format.stateWords("turn.done"), ["", "done"]);
  assert.equal(format.stateWords("turn"), ["", "turn"]);
  assert.is(format.eventWords("socket.closed"), "socket.closed");
  assert.is(format.eventWords("xstate.done.actor.watch"), "watch is done");
  assert.is(format.eventWords("xstate.error.actor.turn"), "turn has failed");
  assert.is(format.eventWords("xstate.after.sealRetryPause.conversation.sealing"), "after sealRetryPause");
  const parts = { source: congested, event: "socket.drained", branch: 0 };
  assert.equal(format.transitionParts(`${congested} socket.drained 0`), parts);
});

words("an actor is named by its ids, and long ids are cut", () => {
  const name = (chart: string, names: Record<string, string>) => format.nameOf({ id: "x:1", chart, names });
  const connectionId = "1e10dec3-0a12-441f-ba8d-7179fd6d0017";
  assert.is(name("connection", { connectionId }), "1e10dec3…");
  assert.is(name("watch", { connectionId, conversationId: "c" }), "c for socket 1e10dec3…");
  assert.is(name("surface", { surfaceId: "queue", conversationId: "c" }), "queue of c");
  assert.is(name("gateway", {}), "x:1");
  assert.is(name("odd", { connectionId }), "1e10dec3…");
});

words.run();

// ── requests to the server ────────────────────────────────────────────────────────────────────────────────────────

const asking = suite("page/inspect: asking the server");

/** Runs all callbacks of settled promises. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

asking("it polls at its interval while visible, one request at a time, and not at all while hidden", async () => {
  const clock = new SimulatedClock();
  const rounds: number[] = [];
  let isVisible = true;
  let answer = (): void => {};
  const pull = createPull({
    clock,
    isVisible: () => isVisible,
    ask: (round) => {
      rounds.push(round);
      return new Promise<void>((resolve) => {
        answer = resolve;
      });
    },
    onTrouble: () => {},
  });
  pull.now();
  pull.now();
  clock.advance(5_000);
  assert.is(rounds.length, 1, "while a request is pending no other is sent");
  answer();
  await settle();
  clock.advance(500);
  assert.is(rounds.length, 2);
  answer();
  await settle();
  isVisible = false;
  pull.rest();
  clock.advance(60_000);
  assert.is(rounds.length, 2);
  assert.is(clock.pending, 0);
  isVisible = true;
  pull.now();
  assert.is(rounds.length, 3);
});

asking("a failing server is polled less often, and its recovery is reported", async () => {
  const clock = new SimulatedClock();
  const told: unknown[] = [];
  const trouble = new Error("away");
  const answers: (Error | undefined)[] = [trouble, undefined];
  const ask = async (): Promise<void> => {
    const error = answers.shift();
    if (error) throw error;
  };
  createPull({ clock, isVisible: () => true, ask, onTrouble: (error) => told.push(error) }).now();
  await settle();
  clock.advance(600);
  await settle();
  assert.equal(told, [trouble]);
  clock.advance(1_500);
  await settle();
  assert.equal(told, [trouble, undefined]);
});

/** A stream of one actor, written to by the test. */
function streamed(refusals: ApiError[] = []) {
  const clock = new SimulatedClock();
  const heard: string[] = [];
  const bodies: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>[] = [];
  const follower = followLines<ActorLine>({
    clock,
    open: (signal) => {
      const refusal = refusals.shift();
      if (refusal) return Promise.reject(refusal);
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
        start(controller) {
          bodies.push(controller);
          signal.addEventListener("abort", () => controller.error(new Error("aborted")));
        },
      });
      return Promise.resolve({ body });
    },
    onLine: ({ type, at }) => heard.push(`${type} ${at}`),
    onLost: () => heard.push("lost"),
    onGone: () => heard.push("gone"),
    onTrouble: (sentence) => sentence !== undefined && heard.push(sentence),
  });
  const write = (text: string): void => bodies.at(-1)?.enqueue(new TextEncoder().encode(text));
  const hears = (...lines: string[]) =>
    eventually(
      () => String(heard) === String(lines),
      () => `${lines}; it heard ${heard}`,
    );
  return { clock, bodies, follower, write, hears };
}

asking("lines are reported as they arrive, however they are split, and heartbeats only feed the watchdog", async () => {
  const { write, hears, follower, clock } = streamed();
  await settle();
  write('{"type":"actor.shown","at":1}\n{"type":"act');
  await hears("actor.shown 1");
  write('or.moved","at":2}\n{"type":"still.here","at":3}\n');
  await hears("actor.shown 1", "actor.moved 2");
  follower.stop();
  await settle();
  assert.is(clock.pending, 0);
});

asking("a broken stream is reported as lost and reopened", async () => {
  const { clock, bodies, write, hears, follower } = streamed();
  await settle();
  write('{"type":"actor.shown","at":1}\n');
  await hears("actor.shown 1");
  bodies[0]?.close();
  await hears("actor.shown 1", "lost");
  clock.advance(1_000);
  await settle();
  write('{"type":"actor.shown","at":2}\n');
  await hears("actor.shown 1", "lost", "actor.shown 2");
  follower.stop();
});

asking("a stream without a sign of life is closed", async () => {
  const { clock, hears, write, follower } = streamed();
  await settle();
  clock.advance(20_000);
  write('{"type":"still.here","at":1}\n');
  await settle();
  clock.advance(20_000);
  await hears();
  clock.advance(6_000);
  await hears("lost");
  follower.stop();
});

asking("after an actor's end no further request is sent", async () => {
  const { clock, bodies, write, hears } = streamed();
  await settle();
  write('{"type":"actor.ended","at":1}\n');
  await hears("actor.ended 1");
  bodies[0]?.close();
  await settle();
  assert.is(clock.pending, 0);
});

asking("an actor that does not exist is reported as gone and not requested again", async () => {
  const { clock, hears } = streamed([new ApiError(404, "gone")]);
  await hears("gone");
  assert.is(clock.pending, 0);
});

asking("another refusal is reported and retried; an unreachable server is retried", async () => {
  const { clock, hears, write, follower } = streamed([new ApiError(429, "too many"), new ApiError(0, "away")]);
  await hears("too many");
  for (let attempt = 0; attempt < 2; attempt++) {
    clock.advance(1_000);
    await settle();
  }
  write('{"type":"actor.shown","at":1}\n');
  await hears("too many", "actor.shown 1");
  follower.stop();
});

const kept = (): Store & { texts: Map<string, string> } => {
  const texts = new Map<string, string>();
  return {
    texts,
    getItem: (key) => texts.get(key) ?? null,
    setItem: (key, value) => texts.set(key, value),
    removeItem: (key) => texts.delete(key),
  };
};

asking("the token is sent with every request, and a refusal is reported with its reason", async () => {
  const asked: [string, string | null][] = [];
  const refused: boolean[] = [];
  let answer = (): Response => Response.json({ ok: true });
  const [session, device] = [kept(), kept()];
  const api = createApi({
    base: new URL("http://127.0.0.1/inspect/"),
    fetch: (url, init) => {
      asked.push([String(url), new Headers(init.headers).get("authorization")]);
      return Promise.resolve(answer());
    },
    stores: [session, device],
    onUnauthorised: (wasRefused) => refused.push(wasRefused),
  });
  await api.overview();
  api.useToken("secret", true);
  assert.is(device.texts.size, 1);
  await api.actor("x:1");
  api.useToken("secret", false);
  assert.equal([session.texts.size, device.texts.size], [1, 0]);
  await api.actors(new URLSearchParams({ limit: "5" }));
  assert.equal(asked, [
    ["http://127.0.0.1/inspect/overview", null],
    ["http://127.0.0.1/inspect/actors/x%3A1", "Bearer secret"],
    ["http://127.0.0.1/inspect/actors?limit=5", "Bearer secret"],
  ]);
  answer = () => Response.json({ error: "no token" }, { status: 401 });
  await rejects(api.overview(), 401, "no token");
  assert.equal(refused, [true]);
  answer = () => new Response("<p>", { status: 502 });
  await rejects(api.actor("x:1"), 502, "The server answered 502.");
  answer = () => new Response("{");
  await rejects(api.overview(), 0, "The server's answer broke off.");
  answer = () => {
    throw new TypeError("refused");
  };
  await rejects(api.picture("connection"), 0, "The server cannot be reached.");
});

async function rejects(promise: Promise<unknown>, status: number, message: string): Promise<void> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Error);
  assert.equal([Reflect.get(error, "status"), error.message], [status, message]);
}

asking.run();

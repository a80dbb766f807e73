// How the page follows a conversation, its surfaces and its settings: what it sends and reads, in which order, and how
// it handles late, missing and outdated answers.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Api, HistorySelection } from "../../src/page/api.js";
import { createFollower, type Follower } from "../../src/page/follower.js";
import { ApiError } from "../../src/page/http.js";
import { createSettings } from "../../src/page/settings.js";
import { createSurfaces, type Surface, type Surfaces } from "../../src/page/surfaces.js";
import type { Wire } from "../../src/page/wire.js";
import type { StoredChunk } from "../../src/protocol/chunk.ts";
import type { CatalogEntry, Spec } from "../../src/protocol/surface.ts";
import { SimulatedPageClock } from "../support/page-clock.ts";
import { Script, shown, storedTurn } from "../support/page-events.ts";

const following = suite("page/following");

/** Runs all pending promise callbacks. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 40; turn++) await Promise.resolve();
};

interface Bench {
  follower: Follower;
  clock: SimulatedPageClock;
  /** All requests to the server, in order. */
  asked: string[];
  troubles: (string | undefined)[];
  /** The state of the simulated server. */
  server: {
    chunks: StoredChunk[];
    isActive: boolean;
    failure: Error | undefined;
    isUp: boolean;
    /** The answer to a chat.subscribe. */
    subscribed: Parameters<Follower["receiveSubscribed"]>[0];
  };
}

function bench(): Bench {
  const clock = new SimulatedPageClock();
  const asked: string[] = [];
  const troubles: (string | undefined)[] = [];
  const subscribed = { epoch: "e", seq: 0, turnId: "running", recovered: false };
  const server: Bench["server"] = { chunks: [], isActive: false, failure: undefined, isUp: true, subscribed };
  const answer = <T>(name: string, value: () => T): Promise<T> => {
    asked.push(name);
    return server.failure ? Promise.reject(server.failure) : Promise.resolve(value());
  };
  const api = {
    history: (_id: string, selection: HistorySelection = {}) =>
      answer(`history ${JSON.stringify(selection)}`, () => ({
        chunks: server.chunks.filter(
          ({ seq }) => seq > (selection.sinceSeq ?? 0) && seq < (selection.beforeSeq ?? Number.POSITIVE_INFINITY),
        ),
      })),
    metrics: () => answer("metrics", () => ({ turns: [] })),
    status: () => answer("status", () => ({ isActive: server.isActive })),
  };
  const wire: Pick<Wire, "send" | "barrier"> = {
    send(message) {
      const after = "after" in message ? message.after : undefined;
      if (server.isUp) asked.push(after ? `${message.type} after ${JSON.stringify(after)}` : message.type);
      return server.isUp;
    },
    barrier() {
      if (server.isUp) asked.push("barrier");
      if (server.isUp) follower.receiveSubscribed(server.subscribed);
      return Promise.resolve(server.isUp);
    },
  };
  const follower = createFollower({
    api,
    wire,
    clock,
    conversationId: "c",
    onChange: () => {},
    onTrouble: (sentence) => troubles.push(sentence),
    onSettled: () => asked.push("settled"),
  });
  return { follower, clock, asked, troubles, server };
}

following("the subscription is active before the history is compared with it", async () => {
  const { follower, asked, server } = bench();
  server.chunks = storedTurn("t1", 1, "hi", "Hello");
  follower.open(false);
  await settle();
  assert.equal(shown(follower.transcript), ["hi > Hello"]);
  assert.equal(
    asked.filter((name) => !name.startsWith("metrics")),
    ["chat.subscribe", "barrier", 'history {"limit":400}', "status", 'history {"sinceSeq":1}', "settled"],
  );
});

following("the history of a new conversation is not read", async () => {
  const { follower, asked } = bench();
  follower.open(true);
  await settle();
  assert.equal(asked.slice(0, 2), ["chat.subscribe", "barrier"]);
  assert.not(asked.includes('history {"limit":400}'));
});

following("a follower that is not open sends no request when a socket opens or when it is closed", async () => {
  const { follower, asked } = bench();
  await follower.join();
  follower.close();
  assert.equal(asked, []);
});

following("after a lost connection it resumes right after the last received event, and redraws nothing", async () => {
  const { follower, asked, server } = bench();
  follower.open(true);
  await settle();
  const script = new Script();
  for (const delta of [...script.opening("t1", "hi"), ...script.words("t1", ["Hel"])]) follower.receiveDelta(delta);
  const { version } = follower.transcript.turns[0] ?? {};
  server.isActive = true;
  server.subscribed = { epoch: "e1", seq: 5, turnId: "t1", recovered: true };
  asked.length = 0;
  await follower.join();
  assert.is(asked[0], 'chat.subscribe after {"epoch":"e1","seq":3}');
  for (const delta of script.words("t1", ["lo ", "there"])) follower.receiveDelta(delta);
  assert.equal(shown(follower.transcript), ["hi > Hello there"]);
  assert.is(follower.transcript.turns[0]?.version, version, "the turn was not redrawn");
});

following("between turns it knows its position too, even before the first event", async () => {
  const { follower, asked, server } = bench();
  server.subscribed = { epoch: "e1", seq: 7, turnId: null, recovered: false };
  follower.open(true);
  await settle();
  asked.length = 0;
  await follower.join();
  assert.is(asked[0], 'chat.subscribe after {"epoch":"e1","seq":7}');
  const script = new Script("e1", 7);
  for (const delta of [...script.opening("t1", "hi"), ...script.words("t1", ["Hello"])]) follower.receiveDelta(delta);
  assert.equal(shown(follower.transcript), ["hi > Hello"]);
});

following("a turn that ended during a lost connection is completed from the history", async () => {
  const { follower, server } = bench();
  follower.open(true);
  await settle();
  const script = new Script();
  for (const delta of [...script.opening("t1", "hi"), ...script.words("t1", ["Hel"])]) follower.receiveDelta(delta);
  server.chunks = storedTurn("t1", 1, "hi", "Hello");
  await follower.join();
  assert.equal(shown(follower.transcript), ["hi > Hello"]);
});

following("a gap in the events is repaired with a new subscription", async () => {
  const { follower, asked, server } = bench();
  follower.open(true);
  await settle();
  const script = new Script();
  const opening = script.opening("t1", "hi");
  const words = script.words("t1", ["a", "b"]);
  for (const delta of opening) follower.receiveDelta(delta);
  server.isActive = true;
  asked.length = 0;
  assert.ok(words[1]);
  follower.receiveDelta(words[1]);
  assert.equal(asked.slice(0, 3), [
    "chat.unsubscribe",
    `chat.subscribe after {"epoch":"e1","seq":${opening.length}}`,
    "barrier",
  ]);
  for (const delta of [...opening, ...words]) follower.receiveDelta(delta);
  await settle();
  assert.equal(shown(follower.transcript), ["hi > ab"]);
});

following("a history that was renumbered in between is read again", async () => {
  const { follower, server } = bench();
  server.chunks = storedTurn("t1", 1, "hi", "Hello");
  follower.open(false);
  await settle();
  server.chunks = [
    { seq: 1, role: "system", chunk: { type: "system", text: "summary" } },
    ...storedTurn("t2", 2, "and", "More"),
  ];
  await follower.join();
  assert.equal(shown(follower.transcript), [" > system(summary)", "and > More"]);
  server.chunks = server.chunks.slice(0, 1);
  await follower.readAnew();
  assert.equal(shown(follower.transcript), [" > system(summary)"]);
});

following("a failed read of the history is reported and retried until it succeeds", async () => {
  const { follower, clock, server, troubles } = bench();
  server.chunks = storedTurn("t1", 1, "hi", "Hello");
  server.failure = new Error("The server cannot be reached.");
  follower.open(false);
  await settle();
  assert.is(troubles.at(-1), "The history could not be read: The server cannot be reached.");
  server.failure = undefined;
  clock.advance(60_000);
  await settle();
  assert.is(troubles.at(-1), undefined);
  assert.equal(shown(follower.transcript), ["hi > Hello"]);
});

following("a missing token is not reported as a history error, and closing ends the retries", async () => {
  const { follower, clock, server, troubles } = bench();
  server.failure = new ApiError(401, "no");
  follower.open(false);
  await settle();
  assert.equal(troubles, []);
  server.failure = new Error("down");
  await follower.join();
  assert.is(clock.pending, 1);
  follower.close();
  assert.is(clock.pending, 0);
});

following("earlier messages are read on request", async () => {
  const { follower, server } = bench();
  const all = [...storedTurn("t1", 1, "one", "1"), ...storedTurn("t2", 3, "two", "2")];
  server.chunks = all.slice(2);
  follower.open(false);
  await settle();
  server.chunks = all;
  await follower.readEarlier();
  assert.equal(shown(follower.transcript), ["one > 1", "two > 2"]);
});

following("texts that the events do not contain are read from the history", async () => {
  const { follower, server } = bench();
  follower.open(true);
  await settle();
  const script = new Script();
  server.chunks = storedTurn("t1", 1, "hi", "").slice(0, 1);
  follower.receiveDelta(script.delta("t1", { type: "turn-start" }));
  for (const delta of script.words("t1", ["a"])) follower.receiveDelta(delta);
  await settle();
  assert.equal(shown(follower.transcript), ["hi > a"]);
  server.chunks = storedTurn("t1", 1, "hi", "a");
  for (const delta of script.ending("t1")) follower.receiveDelta(delta);
  await settle();
  assert.equal(shown(follower.transcript), ["hi > a"]);
});

// ── surfaces ───────────────────────────────────────────────────────────────────────────────────────────────────────

const entry = (id: string): CatalogEntry => ({ id, region: "r", title: id });
const spec = (id: string): Spec => ({ ...entry(id), fields: [] });

function surfacesBench(): { surfaces: Surfaces; sent: object[]; changed: Surface[]; setUp(isUp: boolean): void } {
  const sent: object[] = [];
  const changed: Surface[] = [];
  let isUp = true;
  const wire: Pick<Wire, "send"> = {
    send(message) {
      if (isUp) sent.push(message);
      return isUp;
    },
  };
  const surfaces = createSurfaces({ wire, onChange: (surface) => changed.push(surface) });
  surfaces.receive({ type: "catalog", catalog: ["gateway", "conversation", "message-queue"].map(entry) });
  return { surfaces, sent, changed, setUp: (next) => (isUp = next) };
}

following("surfaces of a conversation are subscribed with its id, the gateway's surface without one", () => {
  const { surfaces } = surfacesBench();
  const ids = ["gateway", "conversation", "message-queue", "unknown"];
  assert.equal(surfaces.keysFor(ids, undefined), [{ surfaceId: "gateway" }]);
  assert.equal(surfaces.keysFor(ids, "c"), [
    { surfaceId: "gateway" },
    { surfaceId: "conversation", conversationId: "c" },
    { surfaceId: "message-queue", conversationId: "c" },
  ]);
});

following(
  "a wanted surface is subscribed once, an unwanted one is unsubscribed, and a new socket subscribes all again",
  () => {
    const { surfaces, sent } = surfacesBench();
    surfaces.want([{ surfaceId: "gateway" }, { surfaceId: "conversation", conversationId: "a" }]);
    surfaces.want([{ surfaceId: "gateway" }, { surfaceId: "conversation", conversationId: "b" }]);
    assert.equal(sent, [
      { type: "subscribe", surfaceId: "gateway" },
      { type: "subscribe", surfaceId: "conversation", conversationId: "a" },
      { type: "subscribe", surfaceId: "conversation", conversationId: "b" },
      { type: "unsubscribe", surfaceId: "conversation", conversationId: "a" },
    ]);
    sent.length = 0;
    surfaces.rejoin();
    assert.is(sent.length, 2);
  },
);

following(
  "the newest spec is kept, an error is kept until the next good spec, and messages for others are ignored",
  () => {
    const { surfaces, changed } = surfacesBench();
    surfaces.want([{ surfaceId: "gateway" }]);
    const it = surfaces.watched()[0];
    assert.ok(surfaces.receive({ type: "error", surfaceId: "gateway", message: "broken" }));
    assert.is(it?.error, "broken");
    assert.ok(surfaces.receive({ type: "surface", spec: spec("gateway") }));
    assert.is(it?.error, undefined);
    assert.ok(
      surfaces.receive({ type: "update", update: { surfaceId: "gateway", spec: { ...spec("gateway"), title: "2" } } }),
    );
    assert.equal(it?.spec, { ...spec("gateway"), title: "2" });
    assert.ok(
      surfaces.receive({ type: "update", update: { surfaceId: "gateway", conversationId: "c", spec: spec("x") } }),
    );
    assert.is(changed.length, 3);
    assert.not(surfaces.receive({ type: "error", message: "of the protocol" }));
    assert.not(surfaces.receive({ type: "pong" }));
  },
);

following("an action that cannot be sent shows an error at its surface", () => {
  const { surfaces, sent, setUp } = surfacesBench();
  surfaces.want([{ surfaceId: "gateway" }]);
  const it = surfaces.watched()[0];
  assert.ok(it);
  surfaces.invoke(it, "act", { value: true });
  surfaces.invoke(it, "push", undefined);
  assert.equal(sent.slice(1), [
    { type: "invoke", surfaceId: "gateway", actionId: "act", payload: { value: true } },
    { type: "invoke", surfaceId: "gateway", actionId: "push" },
  ]);
  setUp(false);
  surfaces.invoke(it, "act", undefined);
  assert.match(it.error ?? "", /Not connected/);
});

// ── settings ───────────────────────────────────────────────────────────────────────────────────────────────────────

function settingsBench(failure?: ApiError) {
  const written: [string, string, unknown][] = [];
  const troubles: string[] = [];
  const put = (name: string) => (id: string, value: unknown) => {
    if (failure) return Promise.reject(failure);
    written.push([name, id, value]);
    return Promise.resolve({});
  };
  const api: Pick<Api, "model" | "effort" | "putModel" | "putEffort"> = {
    model: () => Promise.resolve({ model: "p/stored" }),
    effort: () => Promise.resolve({ reasoningEffort: "low" }),
    putModel: put("model"),
    putEffort: put("effort"),
  };
  const settings = createSettings({ api, onChange: () => {}, onTrouble: (sentence) => troubles.push(sentence) });
  return { settings, written, troubles };
}

following("a choice in an existing conversation is stored there, and messages do not carry it", async () => {
  const { settings, written } = settingsBench();
  settings.open("c", false);
  await settle();
  assert.equal(settings.shown(), { model: "p/stored", reasoningEffort: "low" });
  await settings.chooseModel("p/new");
  await settings.chooseEffort(null);
  assert.equal(written, [
    ["model", "c", "p/new"],
    ["effort", "c", null],
  ]);
  assert.equal(settings.carried(), {});
});

following("a choice before the first message is sent with it, and an effort is kept for the next turns", async () => {
  const { settings, written } = settingsBench();
  settings.open("c", true);
  await settings.chooseModel("p/new");
  await settings.chooseEffort("high");
  assert.equal(written, []);
  assert.equal(settings.carried(), { model: "p/new", reasoningEffort: "high" });
  settings.created();
  await settle();
  assert.equal(settings.carried(), {});
  assert.equal(written, [["effort", "c", "high"]]);
  settings.open("d", true);
  assert.equal(settings.carried(), { model: "p/new", reasoningEffort: "high" });
});

following("a choice that a host cannot store is sent with each message, and a refused choice is undone", async () => {
  const cannot = settingsBench(new ApiError(501, "not offered"));
  cannot.settings.open("c", false);
  await settle();
  await cannot.settings.chooseModel("p/new");
  assert.equal(cannot.settings.carried(), { model: "p/new" });
  assert.equal(cannot.troubles, []);

  const refused = settingsBench(new ApiError(400, "no such model"));
  refused.settings.open("c", false);
  await refused.settings.chooseModel("p/none");
  await settle();
  assert.equal(refused.settings.carried(), {});
  assert.equal(refused.troubles, ["no such model"]);
  assert.is(refused.settings.shown().model, "p/stored");
});

following.run();

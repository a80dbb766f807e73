// Inspecting the charts of a whole gateway while it runs: an observer sees everything that its filter selects, in
// order, and changes nothing in the gateway.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createActor } from "xstate";
import { turnMachine } from "../../machines/turn.ts";
import { type ActorChange, type ActorMoved, Inspection } from "../../src/diagnostics/inspection.ts";
import { tolerantLogger } from "../../src/ports/logger.ts";
import { SimulatedClock } from "../support/clock.ts";
import { MemoryGateway } from "../support/memory-gateway.ts";
import { ScriptedSurface } from "../support/scripted-surfaces.ts";

const test = suite("inspection");

/** The changes, one line each: chart, event, states. */
const told = (changes: ActorChange[]): string[] =>
  changes.map((one) => {
    const states = one.states.map((state) => state.slice(one.chart.length + 1)).join(" ");
    if (one.type === "actor.moved") return `${one.chart} ${one.event} → ${states}`;
    return `${one.chart} ${one.type === "actor.ended" ? `ended ${one.how}` : "started"} → ${states}`;
  });

test("an observer without a filter sees each actor start, move and end", () => {
  const fixture = new MemoryGateway();
  const changes: ActorChange[] = [];
  fixture.gateway.inspect((one) => changes.push(one));
  const client = fixture.join();
  client.send({ type: "chat.subscribe", conversationId: "c" });
  client.vanish();
  fixture.stop();
  assert.equal(told(changes), [
    "connection started → open.flow.flowing open.chatTurn.quiet",
    "gateway socket.opened → up.service.listening.roomy up.health.sound",
    "watch started → joining",
    "connection chat.subscribe → open.flow.flowing open.chatTurn.quiet",
    "watch watch.admitted → catchingUp",
    "watch cursor.reachedEnd → live",
    "watch watch.leave → left",
    "watch ended done → left",
    "gateway socket.gone → up.service.listening.roomy up.health.sound",
    "gateway xstate.done.actor.connection → up.service.listening.roomy up.health.sound",
    "connection socket.closed → closed",
    "connection ended done → closed",
    "gateway gateway.stop → stopped",
    "gateway ended done → stopped",
  ]);
});

test("sorted by order, causes come before their effects", () => {
  const fixture = new MemoryGateway();
  const changes: ActorChange[] = [];
  const client = fixture.join();
  fixture.gateway.inspect((one) => changes.push(one));
  client.send({ type: "chat.subscribe", conversationId: "c" });
  client.send({ type: "chat.unsubscribe", conversationId: "c" });
  changes.sort((one, other) => one.order - other.order);
  assert.equal(told(changes), [
    "connection chat.subscribe → open.flow.flowing open.chatTurn.quiet",
    "watch started → joining",
    "watch watch.admitted → catchingUp",
    "watch cursor.reachedEnd → live",
    "connection chat.unsubscribe → open.flow.flowing open.chatTurn.quiet",
    "watch watch.leave → left",
    "watch ended done → left",
    "connection xstate.done.actor.watch → open.flow.flowing open.chatTurn.quiet",
  ]);
  fixture.stop();
});

test("a change has the transitions that were taken", () => {
  const fixture = new MemoryGateway();
  const changes: ActorMoved[] = [];
  const client = fixture.join();
  client.send({ type: "chat.subscribe", conversationId: "c" });
  fixture.gateway.inspect((one) => one.type === "actor.moved" && changes.push(one), { chart: "watch" });
  const [connection] = fixture.gateway.connections.all();
  connection?.watches.get("c")?.tell("cursor.fellBehind");
  fixture.settle();
  assert.equal(
    changes.map(({ event, handled, transitions }) => ({ event, handled, transitions })),
    [
      { event: "cursor.fellBehind", handled: true, transitions: ["watch.live cursor.fellBehind 0"] },
      { event: "cursor.reachedEnd", handled: true, transitions: ["watch.catchingUp cursor.reachedEnd 0"] },
    ],
  );
  client.vanish();
  fixture.stop();
});

test("a change has the names of the actions that ran, and never what they were given", () => {
  const fixture = new MemoryGateway({ limits: { outstandingBytesMax: 200 } });
  const changes: ActorChange[] = [];
  const client = fixture.join({ reads: false });
  fixture.gateway.inspect((one) => changes.push(one));
  client.send({ type: "chat.subscribe", conversationId: "c" });
  client.send({ type: "chat.send", conversationId: "c", message: `a secret ${"x".repeat(500)}` });
  fixture.orchestrator.say("c", "x".repeat(500));
  fixture.clock.advance(50);
  const actions = changes.flatMap((one) => {
    if (one.type === "actor.ended" || one.actions.length === 0) return [];
    return `${one.chart} ${one.type === "actor.moved" ? one.event : "started"}: ${one.actions.join(", ")}`;
  });
  assert.equal(actions, [
    "watch started: askAdmission",
    "connection chat.subscribe: watchConversation",
    "watch watch.admitted: catchUp",
    "watch cursor.reachedEnd: joinLive",
    "connection chat.send: sendChat",
    "connection turn.opened: answer",
    "watch socket.congested: leaveLive",
    "connection socket.congested: sendTo socket.congested",
  ]);
  assert.not.match(JSON.stringify(changes.map((one) => ({ ...one, payload: undefined }))), "secret");
  fixture.orchestrator.end("c");
  fixture.stop();
});

test("an event without a transition is reported as not handled, with what the chart declares about it", () => {
  const fixture = new MemoryGateway();
  fixture.join();
  const changes: ActorMoved[] = [];
  const end = fixture.gateway.inspect((one) => one.type === "actor.moved" && changes.push(one), {
    chart: "connection",
  });
  for (const connection of fixture.gateway.connections.all()) {
    connection.tell("socket.drained");
    connection.tell("turn.over");
  }
  fixture.settle();
  assert.equal(
    changes.map(({ event, handled, refusedBy, declared }) => [event, handled, refusedBy, declared]),
    [
      ["socket.drained", false, [], "neverGets"],
      ["turn.over", false, [], "ignores"],
    ],
  );
  end();
  fixture.stop();
});

test("an event that guards refused is reported with their names", () => {
  const clock = new SimulatedClock();
  const root = createActor(turnMachine, { input: { conversationId: "c" }, clock });
  const changes: ActorMoved[] = [];
  const inspection = new Inspection({ root, clock, logger: tolerantLogger({}) });
  inspection.inspect((one) => one.type === "actor.moved" && changes.push(one));
  root.start();
  root.send({ type: "turn.checked", silentMs: 1, runningMs: 1, unwatchedMs: undefined });
  root.send({ type: "agent.thinking" });
  assert.equal(
    changes.map(({ event, handled, refusedBy, declared }) => [event, handled, refusedBy, declared]),
    [
      ["turn.checked", false, ["isOvertime", "isUnwatched", "isLost", "isSilent"], undefined],
      ["agent.thinking", true, [], undefined],
    ],
  );
  root.stop();
});

test("a filter selects the actors that match all of it: a chart, a name, one actor", () => {
  const fixture = new MemoryGateway();
  const [first, second] = [fixture.join(), fixture.join()];
  first.send({ type: "chat.subscribe", conversationId: "one" });
  second.send({ type: "chat.subscribe", conversationId: "two" });
  const { actors } = fixture.gateway.directory.find({ chart: "watch", limit: 9 });
  const [watch] = actors;
  if (!watch?.names.connectionId) throw new Error("the watch has no name");
  const heard = { conversation: 0, connection: 0, actor: 0, both: 0, none: 0 };
  const { gateway } = fixture;
  gateway.inspect(() => heard.conversation++, { conversationId: "two" });
  gateway.inspect(() => heard.connection++, { connectionId: watch.names.connectionId });
  gateway.inspect(() => heard.actor++, { actorId: watch.id });
  gateway.inspect(() => heard.both++, { conversationId: "one", chart: "connection" });
  gateway.inspect(() => heard.none++, { surfaceId: "two" });
  for (const conversationId of ["one", "two", "two"]) {
    for (const { watches } of gateway.connections.all()) watches.get(conversationId)?.tell("cursor.fellBehind");
    fixture.settle();
  }
  assert.equal(heard, { conversation: 4, connection: 2, actor: 2, both: 0, none: 0 });
  fixture.stop();
});

test("an observer that throws is removed and logged, and affects nothing else", () => {
  const fixture = new MemoryGateway();
  const client = fixture.join();
  let calls = 0;
  let others = 0;
  fixture.gateway.inspect(() => {
    calls++;
    throw new Error("not today");
  });
  fixture.gateway.inspect(() => others++);
  client.send({ type: "ping" });
  client.send({ type: "ping" });
  assert.is(calls, 1);
  assert.is(others, 2);
  assert.is(fixture.gateway.inspection.observers, 1);
  assert.is(client.take().filter(({ type }) => type === "pong").length, 2);
  fixture.stop(["inspection: an observer threw and is not called again"]);
});

test("an async observer that rejects is removed and logged once, and affects nothing else", async () => {
  const fixture = new MemoryGateway();
  fixture.gateway.inspect(async () => {
    throw new Error("not today");
  });
  fixture.join();
  await new Promise((resolve) => setImmediate(resolve));
  assert.is(fixture.gateway.inspection.observers, 0);
  fixture.stop(["inspection: an observer threw and is not called again"]);
});

test("an observer that unsubscribes during an event gets no further change of that event", () => {
  const fixture = new MemoryGateway();
  const client = fixture.join();
  const heard: string[] = [];
  const end = fixture.gateway.inspect(
    ({ type }) => {
      heard.push(type);
      end();
    },
    { chart: "connection" },
  );
  client.vanish();
  assert.equal(heard, ["actor.moved"], "the end of the actor belongs to the same event");
  fixture.stop();
});

test("when the system time is set, the times of the changes follow it", () => {
  const fixture = new MemoryGateway();
  const client = fixture.join();
  const times: number[] = [];
  fixture.gateway.inspect(({ at }) => times.push(at), { chart: "connection" });
  client.send({ type: "ping" });
  const wall = fixture.clock.wall.bind(fixture.clock);
  fixture.clock.wall = () => wall() + 3_600_000;
  client.send({ type: "ping" });
  assert.is((times[1] ?? 0) - (times[0] ?? 0), 3_600_000);
  fixture.stop();
});

test("without an observer nothing is attached to the actor system", () => {
  const fixture = new MemoryGateway();
  let attached = 0;
  const { system } = fixture.gateway.root;
  const attach = system.inspect.bind(system);
  system.inspect = (observer) => {
    const subscription = attach(observer);
    attached++;
    return {
      unsubscribe: () => {
        attached--;
        subscription.unsubscribe();
      },
    };
  };
  const ends = [fixture.gateway.inspect(() => {}), fixture.gateway.inspect(() => {})];
  assert.is(attached, 1);
  for (const end of ends) end();
  for (const end of ends) end();
  assert.is(attached, 0);
  fixture.stop();
});

test("a child's done event names the actor that sent it", () => {
  const fixture = new MemoryGateway();
  const client = fixture.join();
  client.send({ type: "chat.subscribe", conversationId: "c" });
  const watchId = fixture.gateway.directory.find({ chart: "watch", limit: 1 }).actors[0]?.id;
  const changes: ActorMoved[] = [];
  fixture.gateway.inspect((one) => one.type === "actor.moved" && changes.push(one), { chart: "connection" });
  client.send({ type: "chat.unsubscribe", conversationId: "c" });
  assert.equal(
    changes.map(({ event, from }) => [event, from]),
    [
      ["xstate.done.actor.watch", watchId],
      ["chat.unsubscribe", undefined],
    ].sort((one, other) => order(changes, one[0]) - order(changes, other[0])),
  );
  fixture.stop();
});

test("a watch is told by its connection that the socket is congested and has drained", () => {
  const fixture = new MemoryGateway({ limits: { outstandingBytesMax: 200 } });
  const client = fixture.join({ reads: false });
  client.send({ type: "chat.subscribe", conversationId: "c" });
  const [connection] = fixture.gateway.connections.all();
  const changes: ActorMoved[] = [];
  fixture.gateway.inspect((one) => one.type === "actor.moved" && changes.push(one), { chart: "watch" });
  fixture.orchestrator.begin("c");
  fixture.orchestrator.say("c", "x".repeat(500));
  fixture.clock.advance(50);
  client.pong();
  fixture.settle();
  const sent = changes.filter(({ event }) => event.startsWith("socket."));
  assert.equal(
    sent.map(({ event, from }) => [event, from]),
    [
      ["socket.congested", connection?.actor?.sessionId],
      ["socket.drained", connection?.actor?.sessionId],
    ],
  );
  fixture.orchestrator.end("c");
  fixture.stop();
});

const order = (changes: ActorMoved[], event: string | undefined): number =>
  changes.findIndex((one) => one.event === event);

test("an actor that throws is reported as ended by an error", () => {
  const fixture = new MemoryGateway({
    logger: {
      info: () => {
        throw new Error("a defect");
      },
    },
  });
  const client = fixture.join();
  const ends: string[] = [];
  fixture.gateway.inspect((one) => one.type === "actor.ended" && ends.push(`${one.chart} ${one.how} ${one.event}`));
  client.send({ type: "chat.send", conversationId: "c", message: "hello" });
  assert.ok(ends.includes("connection error chat.send"), ends.join(", "));
  fixture.orchestrator.end("c");
  fixture.stop(["connection: defect"]);
});

test("the directory counts actors by chart and state, and finds them by name, state and age", () => {
  const surface = new ScriptedSurface("s");
  const fixture = new MemoryGateway({ surfaces: [surface] });
  const first = fixture.join();
  fixture.clock.advance(500);
  const second = fixture.join();
  first.send({ type: "chat.subscribe", conversationId: "travel" });
  second.send({ type: "subscribe", surfaceId: "s" });
  const { directory } = fixture.gateway;
  const counts = Object.fromEntries(directory.counts().map(({ chart, count, states }) => [chart, { count, states }]));
  assert.equal(counts["connection"], {
    count: 2,
    states: {
      "connection.open.flow.flowing": 2,
      "connection.open.chatTurn.quiet": 2,
    },
  });
  assert.equal(counts["gateway"], {
    count: 1,
    states: { "gateway.up.service.listening.roomy": 1, "gateway.up.health.sound": 1 },
  });
  const found = (search: object): string[] => directory.find({ limit: 9, ...search }).actors.map(({ chart }) => chart);
  assert.equal(found({ find: "trav" }), ["watch"]);
  assert.equal(found({ find: "s", chart: "surface" }), ["surface"]);
  assert.equal(found({ state: "connection.open" }), ["connection", "connection"]);
  assert.equal(found({ state: "connection.open.flow.congested" }), []);
  assert.equal(found({ chart: "connection", olderThanMs: 400 }), ["connection"]);
  assert.equal(found({ chart: "connection", youngerThanMs: 400 }), ["connection"]);
  assert.equal(directory.find({ limit: 1, chart: "connection" }).total, 2);
  fixture.stop();
});

test("an actor's detail has what it waits for, its parent and children, and the state of its socket and cursor", () => {
  const fixture = new MemoryGateway({ limits: { outstandingBytesMax: 200 } });
  const client = fixture.join({ reads: false });
  client.send({ type: "chat.subscribe", conversationId: "c" });
  fixture.orchestrator.begin("c");
  for (const round of ["first", "second", "third"]) {
    fixture.orchestrator.say("c", `${round} ${"x".repeat(150)}`);
    fixture.clock.advance(50);
  }
  const { directory } = fixture.gateway;
  const watch = directory.find({ chart: "watch", limit: 1 }).actors[0];
  const detail = directory.detail(watch?.id ?? "", 9);
  assert.equal(detail?.states, ["watch.lagging"]);
  assert.ok(detail?.flow?.congested);
  assert.ok((detail?.cursor?.lag ?? 0) > 0 && detail?.cursor?.live === false, JSON.stringify(detail?.cursor));
  assert.is(detail?.parent?.chart, "connection");
  assert.equal(detail?.waitsFor[0], {
    state: "watch.lagging",
    description: "The socket is congested: nothing is queued for it and its cursor does not move.",
    events: ["socket.drained"],
    deadlines: [],
  });
  const connection = directory.detail(detail?.parentId ?? "", 9);
  assert.equal(
    connection?.children.map(({ id }) => id),
    [watch?.id],
  );
  assert.equal(
    connection?.waitsFor[0]?.deadlines.map(({ what }) => what),
    ["what was written has no ack: closed as slow (4001)"],
  );
  assert.is(connection?.parent?.chart, "gateway");
  assert.is(directory.detail("x:none", 9), undefined);
  fixture.orchestrator.end("c");
  fixture.stop();
});

test("only a socket with an unanswered ping has a deadline for being closed as silent", () => {
  const fixture = new MemoryGateway();
  fixture.join({ reads: false });
  const { directory } = fixture.gateway;
  const id = directory.find({ chart: "connection", limit: 1 }).actors[0]?.id ?? "";
  const deadlines = () => directory.detail(id, 9)?.waitsFor[0]?.deadlines;
  fixture.clock.advance(20_000);
  assert.equal(deadlines(), []);
  fixture.clock.advance(6_000);
  assert.equal(deadlines(), [{ what: "no sign of life: closed as silent (4002)", inMs: 9_000 }]);
  fixture.stop();
});

test("a closing socket's detail says when it will be cut off", () => {
  const fixture = new MemoryGateway();
  fixture.join({ reads: false });
  for (const connection of fixture.gateway.connections.all()) connection.tell("socket.stuck");
  fixture.clock.advance(1_000);
  const { directory } = fixture.gateway;
  const id = directory.find({ chart: "connection", limit: 1 }).actors[0]?.id ?? "";
  const detail = directory.detail(id, 9);
  assert.equal(detail?.states, ["connection.closing.because.slow", "connection.closing.farewell.told"]);
  assert.is(detail?.flow?.closeCode, 4001);
  assert.equal(detail?.waitsFor[0]?.deadlines, [
    { what: "the peer has not answered the close frame: cut", inMs: 4_000 },
  ]);
  fixture.stop();
});

test.run();

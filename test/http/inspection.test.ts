// The live visualizer over HTTP, on a real socket: its access rules, what it shows of the charts, and what it hides.
import { networkInterfaces } from "node:os";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type AnyStateMachine, type AnyStateNode, createMachine } from "xstate";
import { isLoopbackAddress } from "../../src/access/hosts.ts";
import type { Payloads } from "../../src/diagnostics/inspection/answers.ts";
import { machines } from "../../src/diagnostics/inspection/machines.ts";
import { heartbeatMs, overviewKeptMs, Visualizer } from "../../src/diagnostics/inspection/visualizer.ts";
import { type Limits, limits } from "../../src/limits.ts";
import { eventually, within } from "../support/deadline.ts";
import { type HttpFixture, startHttp } from "../support/http-server.ts";
import { MemoryGateway } from "../support/memory-gateway.ts";

const test = suite("http: inspection");

interface Fixture {
  fixture: MemoryGateway;
  http: HttpFixture;
  visualizer: Visualizer;
  /** The id of the only actor of a chart. */
  idOf(chart: string): string;
}

async function withFixture(
  options: { payloads?: Payloads; token?: string; streamsMax?: number; actorsMax?: number },
  run: (parts: Fixture) => Promise<void>,
  changes: Partial<Limits> = {},
): Promise<void> {
  const fixture = new MemoryGateway();
  const { root, actors, inspection, directory } = fixture.gateway;
  const { token, payloads = "hidden" } = options;
  const { streamsMax: inspectStreamsMax = 2, actorsMax: inspectedActorsMax = limits.inspectedActorsMax } = options;
  const bounds = { ...limits, inspectStreamsMax, inspectedActorsMax, inspectedPayloadCharactersMax: 60 };
  const directories = { pageDirectory: "visualizations/live", chartsDirectory: "visualizations" };
  const { clock } = fixture;
  const visualizer = new Visualizer({
    ...{
      root,
      actors,
      inspection,
      directory,
      payloads,
      hasToken: token !== undefined,
      ...directories,
      clock,
      limits: bounds,
    },
    counts: () => ({ sockets: fixture.gateway.counts().sockets }),
  });
  const http = await startHttp({
    visualizer,
    limits: { ...limits, ...changes },
    ...(token !== undefined && { token }),
  });
  const idOf = (chart: string): string => {
    const { actors, total } = directory.find({ chart, limit: 2 });
    if (total !== 1 || !actors[0]) throw new Error(`there are ${total} actors of the chart ${chart}`);
    return actors[0].id;
  };
  try {
    await run({ fixture, http, visualizer, idOf });
  } finally {
    visualizer.stop();
    await http[Symbol.asyncDispose]();
    fixture.stop();
  }
  assert.is(inspection.observers, 0, "an observer is left");
}

/** Reads an actor's lines as they arrive. */
const streamOf = (http: HttpFixture, id: string) => linesOf(http, `/inspect/actors/${id}/stream`);

async function linesOf(http: HttpFixture, path: string) {
  const response = await fetch(`${http.url}${path}`);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  const next = async (): Promise<Record<string, unknown> | undefined> => {
    while (!rest.includes("\n")) {
      const read = await within(Promise.resolve(reader?.read()), "a line about the actor");
      if (!read || read.done) return undefined;
      rest += read.value;
    }
    const line = rest.slice(0, rest.indexOf("\n"));
    rest = rest.slice(line.length + 1);
    return JSON.parse(line) as Record<string, unknown>;
  };
  return { response, next, leave: () => reader?.cancel() };
}

test("without --inspect there is nothing at /inspect", async () => {
  await using http = await startHttp();
  for (const path of ["/inspect", "/inspect/overview", "/inspect/actors", "/inspect/charts/watch.svg"])
    assert.is((await http.ask(path)).status, 404, path);
});

test("the overview counts actors by chart and state", () =>
  withFixture({}, async ({ fixture, http }) => {
    fixture.join();
    const { json } = await http.ask("/inspect/overview");
    assert.equal(json, {
      at: fixture.clock.wall(),
      startedAt: fixture.clock.wall(),
      payloads: "hidden",
      counts: { sockets: 1 },
      charts: [
        {
          chart: "gateway",
          count: 1,
          states: { "gateway.up.service.listening.roomy": 1, "gateway.up.health.sound": 1 },
        },
        {
          chart: "connection",
          count: 1,
          states: {
            "connection.open.flow.flowing": 1,
            "connection.open.chatTurn.quiet": 1,
          },
        },
      ],
    });
  }));

test("actors are found by chart, state, name and age, up to the limit, with their total number", () =>
  withFixture({}, async ({ fixture, http }) => {
    fixture.join().send({ type: "chat.subscribe", conversationId: "travel plans" });
    fixture.clock.advance(5_000);
    fixture.join();
    const find = async (query: string): Promise<{ total: number; charts: string[] }> => {
      const { total, actors } = (await http.ask(`/inspect/actors?${query}`)).json as {
        total: number;
        actors: { chart: string }[];
      };
      return { total, charts: actors.map(({ chart }) => chart) };
    };
    assert.equal(await find("chart=connection&limit=1"), { total: 2, charts: ["connection"] });
    assert.equal(await find("find=vel+pl"), { total: 1, charts: ["watch"] });
    assert.equal(await find("state=connection.open.chatTurn.quiet&limit=1"), { total: 2, charts: ["connection"] });
    assert.equal(await find("olderThanMs=4000&chart=connection"), { total: 1, charts: ["connection"] });
    assert.equal(await find("youngerThanMs=1000"), { total: 1, charts: ["connection"] });
  }));

test("an overview is cached for a moment, however many pages ask", () =>
  withFixture({}, async ({ fixture, http }) => {
    const sockets = async (): Promise<unknown> =>
      ((await http.ask("/inspect/overview")).json as { counts: { sockets: number } }).counts.sockets;
    assert.is(await sockets(), 0);
    fixture.join();
    assert.is(await sockets(), 0);
    fixture.clock.advance(overviewKeptMs);
    assert.is(await sockets(), 1);
  }));

test("a parameter that is not a number is refused with its name", () =>
  withFixture({}, async ({ http }) => {
    for (const name of ["olderThanMs", "youngerThanMs", "limit"]) {
      const { status, json } = await http.ask(`/inspect/actors?${name}=soon`);
      assert.is(status, 400);
      assert.match((json as { error: string }).error, new RegExp(`^${name} must be a whole number`));
    }
  }));

test("a live actor is shown with its details, and an ended one gets 404", () =>
  withFixture({}, async ({ fixture, http, idOf }) => {
    const client = fixture.join();
    client.send({ type: "chat.subscribe", conversationId: "c" });
    const id = idOf("watch");
    const { json } = await http.ask(`/inspect/actors/${id}`);
    const detail = json as { chart: string; cursor: object; flow: object; parent: { chart: string } };
    assert.is(detail.chart, "watch");
    assert.is(detail.parent.chart, "connection");
    assert.equal(detail.cursor, { seq: 0, head: 0, lag: 0, live: true });
    client.vanish();
    for (const path of [`/inspect/actors/${id}`, `/inspect/actors/${id}/stream`]) {
      const gone = await http.ask(path);
      assert.is(gone.status, 404);
      assert.match((gone.json as { error: string }).error, /is alive: GET \/inspect\/actors lists the live ones$/);
    }
  }));

test("a watched actor's moves are streamed line by line until its end, without texts and payloads", () =>
  withFixture({}, async ({ fixture, http, idOf }) => {
    const client = fixture.join();
    client.send({ type: "chat.subscribe", conversationId: "c" });
    const stream = await streamOf(http, idOf("connection"));
    const shown = await stream.next();
    assert.is(shown?.["type"], "actor.shown");
    client.send({ type: "chat.send", conversationId: "c", message: "a secret plan" });
    const moved = await stream.next();
    assert.equal(moved, {
      type: "actor.moved",
      at: moved?.["at"],
      event: "chat.send",
      handled: true,
      transitions: ["connection.open.chatTurn chat.send 0"],
      actions: ["sendChat"],
      refusedBy: [],
      states: ["connection.open.flow.flowing", "connection.open.chatTurn.asking"],
    });
    const opened = await stream.next();
    assert.equal(
      [opened?.["event"], opened?.["states"]],
      ["turn.opened", ["connection.open.flow.flowing", "connection.open.chatTurn.running"]],
    );
    assert.not.match(JSON.stringify(opened), "secret");
    client.vanish();
    assert.equal(
      [(await stream.next())?.["event"], (await stream.next())?.["how"], await stream.next()],
      ["socket.closed", "done", undefined],
    );
    fixture.orchestrator.end("c");
  }));

test("with --inspect=full events have their payload, up to the size limit", () =>
  withFixture({ payloads: "full" }, async ({ fixture, http, idOf }) => {
    const client = fixture.join();
    const stream = await streamOf(http, idOf("connection"));
    await stream.next();
    client.send({ type: "chat.unsubscribe", conversationId: "c" });
    assert.equal((await stream.next())?.["payload"], { type: "chat.unsubscribe", conversationId: "c" });
    client.send({ type: "chat.unsubscribe", conversationId: "c".repeat(90) });
    const cut = (await stream.next())?.["payload"];
    assert.ok(typeof cut === "string" && cut.endsWith("…") && cut.length === 61, String(cut));
    const root = await streamOf(http, idOf("gateway"));
    await root.next();
    fixture.join();
    assert.equal((await root.next())?.["payload"], { type: "socket.opened", offer: 2 });
  }));

test("a watching page gets a heartbeat every ten seconds, and its stream ends when the visualizer stops", () =>
  withFixture({}, async ({ fixture, http, visualizer, idOf }) => {
    fixture.join();
    const stream = await streamOf(http, idOf("connection"));
    await stream.next();
    fixture.clock.advance(heartbeatMs);
    assert.is((await stream.next())?.["type"], "still.here");
    fixture.clock.advance(heartbeatMs);
    assert.is((await stream.next())?.["type"], "still.here");
    visualizer.stop();
    assert.is(await stream.next(), undefined);
  }));

test("a page that disconnects is forgotten and makes room for another", () =>
  withFixture({ streamsMax: 1 }, async ({ fixture, http, idOf }) => {
    fixture.join();
    const first = await streamOf(http, idOf("connection"));
    await first.next();
    const refused = await http.ask(`/inspect/actors/${idOf("connection")}/stream`);
    assert.is(refused.status, 429);
    assert.match((refused.json as { error: string }).error, /^1 pages are watching, the maximum/);
    await first.leave();
    const { inspection } = fixture.gateway;
    const isForgotten = async (): Promise<void> => {
      while (inspection.observers > 0) await new Promise((resolve) => setImmediate(resolve));
    };
    await within(isForgotten(), "the page that left to be forgotten");
    const second = await streamOf(http, idOf("connection"));
    assert.is((await second.next())?.["type"], "actor.shown");
  }));

/** Reads the lines about a conversation, in short: the chart and its event. */
async function conversationOf(http: HttpFixture) {
  const { next, leave } = await linesOf(http, "/inspect/stream?conversationId=c");
  const charts = new Map<unknown, string>();
  const one = async (): Promise<string> => {
    const line = await next();
    if (!line) throw new Error("the stream has ended");
    const { type, from, actorId, event } = line;
    const actor = line["actor"] as { id: string; chart: string } | undefined;
    if (actor) charts.set(actor.id, actor.chart);
    const source = from === undefined ? "" : `${charts.get(from)} → `;
    return `${source}${actor?.chart ?? charts.get(actorId) ?? ""} ${type === "actor.moved" ? event : type}`.trim();
  };
  return {
    next,
    leave,
    async told(count: number) {
      const lines: string[] = [];
      while (lines.length < count) lines.push(await one());
      return lines;
    },
  };
}

test("a conversation is streamed with all its actors: its sockets, their watches, and those that come later", () =>
  withFixture({}, async ({ fixture, http }) => {
    const [client, other] = [fixture.join(), fixture.join()];
    client.send({ type: "chat.subscribe", conversationId: "c" });
    const stream = await conversationOf(http);
    assert.equal(await stream.told(4), [
      "conversation.shown",
      "gateway actor.shown",
      "connection actor.shown",
      "watch actor.shown",
    ]);
    // Nothing of this is about the conversation.
    const third = fixture.join();
    other.send({ type: "chat.subscribe", conversationId: "another" });
    client.send({ type: "chat.subscribe", conversationId: "another" });
    client.send({ type: "chat.unsubscribe", conversationId: "another" });
    third.vanish();
    other.send({ type: "chat.subscribe", conversationId: "c" });
    assert.equal(await stream.told(6), [
      "connection actor.shown",
      "watch actor.shown",
      "watch actor.started",
      "connection chat.subscribe",
      "watch watch.admitted",
      "watch cursor.reachedEnd",
    ]);
    client.send({ type: "chat.send", conversationId: "c", message: "a secret plan" });
    const asked = [await stream.next(), await stream.next()];
    assert.equal(
      asked.map((line) => line?.["event"]),
      ["chat.send", "turn.opened"],
    );
    assert.not.match(JSON.stringify(asked), "secret");
    client.vanish();
    assert.equal(await stream.told(5), [
      "connection → watch watch.leave",
      "watch actor.ended",
      "connection → gateway xstate.done.actor.connection",
      "connection socket.closed",
      "connection actor.ended",
    ]);
    fixture.orchestrator.end("c");
    await stream.leave();
    await eventually(() => fixture.gateway.inspection.observers === 0, "the page that left to be forgotten");
  }));

test("a stream of a conversation has a bounded number of actors, and says that it leaves some out", () =>
  withFixture({ actorsMax: 3 }, async ({ fixture, http }) => {
    const clients = [fixture.join(), fixture.join()];
    for (const client of clients) client.send({ type: "chat.subscribe", conversationId: "c" });
    const stream = await conversationOf(http);
    assert.equal(await stream.told(5), [
      "conversation.shown",
      "gateway actor.shown",
      "connection actor.shown",
      "watch actor.shown",
      "actors.omitted",
    ]);
    for (const client of clients.reverse()) client.vanish();
    assert.equal(await stream.told(2), ["connection → watch watch.leave", "watch actor.ended"]);
    await stream.leave();
    await eventually(() => fixture.gateway.inspection.observers === 0, "the page that left to be forgotten");
  }));

test("the stream of a conversation needs its name, and a HEAD request watches nothing", () =>
  withFixture({}, async ({ fixture, http }) => {
    const { status, json } = await http.ask("/inspect/stream");
    assert.equal([status, (json as { error: string }).error], [400, "conversationId must name the conversation"]);
    assert.is((await http.ask("/inspect/stream?conversationId=c", { method: "HEAD" })).status, 200);
    assert.is(fixture.gateway.inspection.observers, 0);
  }));

test("the Stately inspector gets the actors that its URL selects", () =>
  withFixture({}, async ({ fixture, http, idOf }) => {
    const client = fixture.join();
    client.send({ type: "chat.subscribe", conversationId: "c" });
    const stream = await linesOf(http, "/inspect/stately/stream?conversation=c");
    assert.is((await stream.next())?.["name"], "gateway");
    const watch = await stream.next();
    assert.equal([watch?.["type"], watch?.["name"], watch?.["sessionId"]], ["@xstate.actor", "watch", idOf("watch")]);
    client.send({ type: "ping" });
    client.send({ type: "chat.unsubscribe", conversationId: "c" });
    const left = await stream.next();
    assert.equal([left?.["type"], left?.["event"]], ["@xstate.event", { type: "watch.leave" }]);
    const page = await http.ask("/inspect/stately");
    assert.match(page.headers["content-security-policy"] ?? "", /; frame-src https:\/\/stately\.ai https:\/\/\*\./);
    await stream.leave();
    const isForgotten = () => fixture.gateway.inspection.observers === 0;
    await eventually(isForgotten, "the page that left to be forgotten");
  }));

test("a page whose first lines exceed the limit of unsent bytes is cut off, and its observer is removed", () =>
  withFixture(
    {},
    async ({ fixture, http }) => {
      for (let count = 0; count < 20; count++) fixture.join();
      await fetch(`${http.url}/inspect/stately/stream`)
        .then((response) => response.text())
        .catch(() => {});
      const isForgotten = () => fixture.gateway.inspection.observers === 0;
      await eventually(isForgotten, "the page to be forgotten");
    },
    { unsentBytesMax: 10_000 },
  ));

test("a HEAD request of a stream watches nothing", () =>
  withFixture({ streamsMax: 1 }, async ({ fixture, http, idOf }) => {
    fixture.join();
    const path = `/inspect/actors/${idOf("connection")}/stream`;
    for (const _ of [1, 2]) {
      const { status, headers, text } = await http.ask(path, { method: "HEAD" });
      assert.equal([status, headers["content-type"], text], [200, "application/x-ndjson", ""]);
    }
    assert.is((await http.ask("/inspect/actors/x:none/stream", { method: "HEAD" })).status, 404);
    assert.is(fixture.gateway.inspection.observers, 0);
  }));

test("a configured token is needed even from this machine, but not for the page's files", () =>
  withFixture({ token: "a-token-of-some-length" }, async ({ http }) => {
    for (const path of ["/inspect/overview", "/inspect/stream?conversationId=c"])
      assert.is((await http.ask(path)).status, 401, path);
    assert.is((await http.ask("/inspect/charts/watch.svg")).status, 200);
    const headers = { Authorization: "Bearer a-token-of-some-length", "X-Forwarded-For": "192.0.2.7" };
    assert.is((await http.ask("/inspect/overview", { headers })).status, 200);
  }));

test("without a token all requests through a proxy are refused, even for the page", () =>
  withFixture({}, async ({ http }) => {
    for (const name of ["Forwarded", "X-Forwarded-For", "Via", "X-Real-IP", "X-Forwarded-Host"])
      for (const path of [
        "/inspect",
        "/inspect/overview",
        "/inspect/stream?conversationId=c",
        "/inspect/charts/watch.svg",
      ]) {
        const { status, json } = await http.ask(path, { headers: { [name]: "for=192.0.2.7" } });
        assert.is(status, 403, `${path} with ${name}`);
        assert.match((json as { error: string }).error, /set TURNWIRE_TOKEN to look at it from elsewhere$/);
      }
  }));

test("a page of another origin is refused", () =>
  withFixture({}, async ({ http }) => {
    const { status } = await http.ask("/inspect/overview", { headers: { Origin: "https://evil.example" } });
    assert.is(status, 403);
  }));

test("only loopback addresses count as this machine", () => {
  for (const here of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) assert.ok(isLoopbackAddress(here), here);
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outside = addresses.filter(({ internal }) => !internal).map(({ address }) => address);
  for (const there of [undefined, "", "::ffff:192.0.2.1", "192.0.2.1", "fe80::1", "128.0.0.1", ...outside])
    assert.not.ok(isLoopbackAddress(there), String(there));
});

test("each chart can be had as JSON that is a machine again, with the same states and transitions", () =>
  withFixture({ token: "a-token-of-some-length" }, async ({ http }) => {
    const headers = { Authorization: "Bearer a-token-of-some-length" };
    for (const machine of machines) {
      const { status, json, headers: answered } = await http.ask(`/inspect/charts/${machine.id}.json`, { headers });
      assert.equal([status, answered["content-type"]], [200, "application/json"]);
      const again = createMachine(json as Parameters<typeof createMachine>[0]);
      const states = ({ root }: AnyStateMachine) => [...allStatesOf(root)].map(({ id }) => id);
      assert.equal(states(again), states(machine));
      assert.equal([...again.events].sort(), [...machine.events].sort());
    }
    const unknown = await http.ask("/inspect/charts/nothing.json", { headers });
    assert.is(unknown.status, 404);
    assert.match(JSON.stringify(unknown.json), 'there is no chart \\"nothing\\": the charts are gateway, connection, ');
    assert.is((await http.ask("/inspect/charts/watch.json")).status, 401);
  }));

function* allStatesOf(state: AnyStateNode): Generator<AnyStateNode> {
  yield state;
  for (const inner of Object.values(state.states)) yield* allStatesOf(inner);
}

test("the pictures of the charts are served, and besides them only the page's own files", () =>
  withFixture({}, async ({ http }) => {
    const picture = await http.ask("/inspect/charts/connection.svg");
    assert.is(picture.status, 200);
    assert.is(picture.headers["content-type"], "image/svg+xml");
    for (const path of ["/inspect/charts/connection.md", "/inspect/charts/../../package.json", "/inspect/charts/"])
      assert.is((await http.ask(path)).status, 404, path);
  }));

test.run();

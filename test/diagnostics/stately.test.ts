// What the Stately inspector receives while sockets, turns and surfaces run.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectionMachine } from "../../machines/connection.ts";
import type { Connection } from "../../src/connections/connection.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { limits } from "../../src/limits.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { readConfig } from "../../src/server/config.ts";
import { type RunningServer, startServer } from "../../src/server/server.ts";
import { isRecord } from "../support/client/transcript.ts";
import { type Client, connect } from "../support/client.ts";
import { eventually } from "../support/deadline.ts";
import { withGateway } from "../support/gateway.ts";
import { ScriptedSurface } from "../support/scripted-surfaces.ts";
import { definitionOf, type StatelyPage, snapshotOf, withStately } from "../support/stately-page.ts";
import { systemClock } from "../support/system-clock.ts";

const test = suite("stately");

/** The newest connection. */
function newest(gateway: Gateway): Connection {
  const connection = [...gateway.connections.all()].at(-1);
  if (!connection) throw new Error("there is no connection");
  return connection;
}

/** Resolves when the page has received everything that has happened so far. */
async function untilCaughtUp(page: StatelyPage, gateway: Gateway): Promise<void> {
  const from = page.shown.length;
  gateway.root.send({ type: "catalog.changed" });
  const isIt = ({ event, type }: { event?: unknown; type: string }): boolean =>
    type === "@xstate.snapshot" && isRecord(event) && event["type"] === "catalog.changed";
  await page.until(isIt, "the last that happened", from);
}

/** The names of a chart's states, with their nesting, in alphabetical order. */
function statesOf(config: unknown): unknown {
  const states = isRecord(config) && isRecord(config["states"]) ? config["states"] : {};
  const names = Object.keys(states).sort();
  return names.map((name) => [name, statesOf(states[name])]);
}

test("a page gets the existing actors, each under its parent and with its chart", () =>
  withGateway({ surfaces: [new ScriptedSurface("s")] }, async ({ gateway, join }) => {
    const client = await join();
    client.send({ type: "chat.subscribe", conversationId: "c" });
    client.send({ type: "subscribe", surfaceId: "s" });
    await client.next("surface");
    await client.barrier();
    await withStately({ gateway }, async (page) => {
      await untilCaughtUp(page, gateway);
      const actors = page.shown.filter(({ type }) => type === "@xstate.actor");
      const [root, connection, watch] = ["gateway", "connection", "watch"].map((chart) => page.actors(chart)[0]);
      const rootId = gateway.root.sessionId;
      const connectionId = newest(gateway).actor?.sessionId;
      assert.equal(actors.map(({ name }) => name).sort(), ["connection", "gateway", "surface", "watch"]);
      assert.is(root?.sessionId, rootId);
      assert.is(root?.["parentId"], undefined);
      assert.is(connection?.sessionId, connectionId);
      assert.is(connection?.["parentId"], rootId);
      assert.is(watch?.["parentId"], connectionId);
      assert.is(page.actors("surface")[0]?.["parentId"], rootId);
      for (const shown of page.shown) {
        assert.is(shown["rootId"], rootId);
        assert.ok(
          Math.abs(Number(shown["createdAt"]) - systemClock.wall()) < 60_000,
          "createdAt is close to the current time",
        );
      }
      assert.equal(snapshotOf(root).value, { up: { service: { listening: "roomy" }, health: "sound" } });
      assert.equal(snapshotOf(connection).value, {
        open: { flow: "flowing", chatTurn: "quiet" },
      });
      assert.equal(snapshotOf(connection).context, { connectionId: newest(gateway).id });
      // The whole chart, down to its last state, and nothing is cut.
      const definition = definitionOf(connection);
      assert.is(definition["id"], "connection");
      assert.equal(statesOf(definition), statesOf(connectionMachine.config));
      const drained = '"socket.drained":{"target":"flowing","actions":["releaseWatches","updateSurfaces"]}';
      assert.match(JSON.stringify(definition), drained);
      assert.not.match(page.text, "[Object]");
    });
  }));

test("a turn's events and snapshots arrive in order", () =>
  withGateway({}, async ({ gateway, orchestrator, join }) => {
    const client = await join();
    await withStately({ gateway }, async (page) => {
      client.send({ type: "chat.send", conversationId: "c", message: "hello" });
      await eventually(() => orchestrator.running.has("c"), "the turn to start");
      orchestrator.say("c", "an answer");
      await client.nextEvent("c", "text-delta");
      orchestrator.end("c");
      await client.nextEvent("c", "turn-sealed");
      await client.close();
      await eventually(() => gateway.connections.size === 0, "the socket to be released");
      await untilCaughtUp(page, gateway);

      const watch = page.actors("watch")[0]?.sessionId ?? "";
      const story = page.story(watch);
      assert.equal(story.slice(0, 2), ["xstate.init", 'xstate.init → "joining"']);
      const heard = story.filter((line) => !line.includes("→"));
      assert.equal(heard, [...["xstate.init", "watch.admitted", "cursor.reachedEnd", "watch.leave"]]);
      assert.equal(story.slice(-4), [
        "cursor.reachedEnd",
        'cursor.reachedEnd → "live"',
        "watch.leave",
        'watch.leave → "left"',
      ]);

      const connection = page.actors("connection")[0]?.sessionId ?? "";
      const heardByConnection = page.story(connection).filter((line) => !line.includes("→"));
      assert.equal(heardByConnection.slice(0, 1), ["chat.send"]);
      assert.ok(heardByConnection.indexOf("turn.opened") < heardByConnection.indexOf("turn.over"));
      assert.is(page.story(connection).at(-1), 'socket.closed → "closed"');
      const ended = page.shown.findLast(({ sessionId, type }) => sessionId === watch && type === "@xstate.snapshot");
      assert.is(snapshotOf(ended).status, "done");
      // An event that an actor sent names that actor.
      const done = page.shown.find(({ event }) => JSON.stringify(event)?.includes("xstate.done.actor.watch"));
      assert.is(done?.["sourceId"], watch);
      assert.is(done?.sessionId, connection);
    });
  }));

async function withServer(run: (server: RunningServer, client: Client) => Promise<void>): Promise<void> {
  const command = readConfig(["serve", "--no-token", "--port", "0", "--http-port", "0", "--data-dir", ":memory:"], {});
  if (command.kind !== "serve") throw new Error("no configuration");
  const server = await startServer({ config: command.config, clock: systemClock, logger: silentLogger });
  try {
    const client = await connect(server.wsUrl);
    await client.next("catalog");
    await run(server, client);
    await client.close();
  } finally {
    await server.stop();
  }
}

test("with a full server, conversations and turns are shown too, even those that run already", () =>
  withServer(async ({ gateway }, client) => {
    const script = JSON.stringify({ tokens: 1, hang: true });
    client.send({ type: "chat.send", conversationId: "c", model: "demo/script", message: script });
    await client.nextEvent("c", "text-delta");
    await withStately({ gateway }, async (page) => {
      const turn = await page.untilActor("turn");
      const conversation = await page.untilActor("conversation");
      assert.is(conversation["parentId"], gateway.root.sessionId);
      assert.is(turn["parentId"], conversation.sessionId);
      assert.is(snapshotOf(conversation).value, "generating");
      assert.equal(snapshotOf(conversation).context, { conversationId: "c" });
      client.send({ type: "chat.cancel", conversationId: "c" });
      await client.nextEvent("c", "turn-sealed");
      await untilCaughtUp(page, gateway);
      assert.equal(
        page.story(turn.sessionId).filter((line) => !line.includes("→")),
        ["turn.cancel"],
      );
      const ended = page.shown.findLast(({ sessionId, type }) => sessionId === turn.sessionId && type.endsWith("shot"));
      assert.is(snapshotOf(ended).value, "cancelled");
      assert.is(snapshotOf(ended).status, "done");
    });
  }));

test("with a filter for a socket, only the gateway, the socket and the actors below it are shown", () =>
  withGateway({}, async ({ gateway, join }) => {
    const other = await join();
    const chosen = await join();
    const { id, actor } = newest(gateway);
    await withStately({ gateway, filter: { connectionId: id } }, async (page) => {
      for (const client of [other, chosen]) client.send({ type: "chat.subscribe", conversationId: "c" });
      await Promise.all([other.barrier(), chosen.barrier()]);
      await join();
      await untilCaughtUp(page, gateway);
      assert.equal(
        page.shown.filter(({ type }) => type === "@xstate.actor").map(({ name }) => name),
        ["gateway", "connection", "watch"],
      );
      assert.is(page.actors("connection")[0]?.sessionId, actor?.sessionId);
      assert.is(page.actors("watch")[0]?.["parentId"], actor?.sessionId);
      const own = new Set(page.shown.filter(({ type }) => type === "@xstate.actor").map(({ sessionId }) => sessionId));
      assert.ok(page.shown.every(({ sessionId }) => own.has(sessionId)));
      assert.match(page.story(gateway.root.sessionId).join(), "socket.opened");
    });
  }));

test("new sockets are shown if they match the filter; a watch without its socket is shown below the gateway", () =>
  withGateway({}, async ({ gateway, join }) => {
    await withStately({ gateway, filter: { conversationId: "wanted" } }, async (page) => {
      for (const conversationId of ["wanted", "other", "wanted"]) {
        const client = await join();
        client.send({ type: "chat.subscribe", conversationId });
        await client.barrier();
      }
      await untilCaughtUp(page, gateway);
      const watches = page.actors("watch");
      assert.is(watches.length, 2);
      assert.equal(page.actors("connection"), []);
      for (const watch of watches) {
        assert.is(watch["parentId"], gateway.root.sessionId);
        assert.match(JSON.stringify(snapshotOf(watch).context), '"conversationId":"wanted"');
      }
    });
    await withStately({ gateway, filter: { chart: "connection" } }, async (page) => {
      await join();
      await untilCaughtUp(page, gateway);
      assert.is(page.actors("connection").length, 4);
      assert.equal(page.actors("watch"), []);
    });
  }));

const secret = "sotto voce";

/** Puts the secret wherever a user, an agent or a provider can put text. */
async function whisper(client: Client, surface: ScriptedSurface, say: (text: string) => void): Promise<void> {
  const images = [{ url: `https://example.org/${secret}`, mimeType: secret }];
  client.send({ type: "chat.send", conversationId: "c", message: secret, model: secret, cwd: secret, images });
  client.send({ type: "chat.queue", conversationId: "c", text: secret, workspaceId: secret });
  const payload = { status: secret, broadcast: { type: secret }, list: [secret] };
  client.send({ type: "subscribe", surfaceId: "s" });
  await client.next("surface");
  client.send({ type: "invoke", surfaceId: "s", actionId: "press", payload });
  surface.change(secret);
  await client.next("update");
  say(secret);
  client.send({ type: "ping", id: secret });
  await client.barrier();
}

test("no text of a message, a queued text, a payload, an answer or a spec reaches the inspector", () => {
  const surface = new ScriptedSurface("s");
  return withGateway({ surfaces: [surface] }, async ({ gateway, orchestrator, join }) => {
    const client = await join();
    surface.value = secret;
    await withStately({ gateway }, async (page) => {
      await whisper(client, surface, (text) => orchestrator.say("c", text));
      orchestrator.end("c");
      await client.nextEvent("c", "turn-sealed");
      await untilCaughtUp(page, gateway);
      assert.not.match(page.text, secret);
      // Events without texts are shown, so the test does not pass merely because nothing was sent.
      for (const told of ['{"type":"chat.send"}', '{"type":"invoke"}', '{"type":"chat.queue"}'])
        assert.ok(page.text.includes(told), told);
      assert.equal(surface.invoked.length, 1);
    });
  });
});

test("with full payloads the contents are shown, and long ones are cut", () => {
  const surface = new ScriptedSurface("s");
  return withGateway({ surfaces: [surface] }, async ({ gateway, orchestrator, join }) => {
    const client = await join();
    await withStately({ gateway, payloads: "full" }, async (page) => {
      await whisper(client, surface, (text) => orchestrator.say("c", text));
      const long = "x".repeat(limits.inspectedPayloadCharactersMax + 1);
      client.send({ type: "chat.queue", conversationId: "c", text: long });
      await client.barrier();
      await untilCaughtUp(page, gateway);
      const told = page.shown.find(({ event }) => JSON.stringify(event)?.includes('"chat.send"'));
      assert.match(JSON.stringify(told?.["event"]), `"message":"${secret}"`);
      assert.match(page.text, `"text":"${secret}"`);
      const cut = /^\{"type":"chat.queue","payload":".*…"\}$/;
      await page.until(({ event }) => cut.test(JSON.stringify(event) ?? ""), "the long text, cut");
      assert.not.match(page.text, "x".repeat(limits.inspectedPayloadCharactersMax));
    });
  });
});

test("with many actors only some are shown at first, and each of the others when it handles an event", () =>
  withGateway({}, async ({ gateway, join }) => {
    const clients = [await join(), await join(), await join()];
    await withStately({ gateway, limits: { inspectedActorsMax: 1 } }, async (page) => {
      assert.is(page.actors("connection").length, 1);
      for (const client of clients) await client.barrier();
      await untilCaughtUp(page, gateway);
      assert.is(page.actors("connection").length, 3);
      assert.is(page.actors("gateway").length, 1);
    });
  }));

test("an actor that throws is shown as failed", () =>
  withGateway({}, async ({ gateway, join, host }) => {
    const client = await join();
    await withStately({ gateway }, async (page) => {
      const { actor } = newest(gateway);
      const poison = (): never => {
        throw new Error(secret);
      };
      actor?.send(
        Object.defineProperty({ type: "chat.subscribe", conversationId: "x" } as const, "conversationId", {
          get: poison,
        }),
      );
      await client.untilClosed();
      await untilCaughtUp(page, gateway);
      const failed = page.shown.findLast(({ sessionId }) => sessionId === actor?.sessionId);
      assert.is(snapshotOf(failed).status, "error");
      assert.not.match(page.text, secret);
      assert.is(host.said("connection: defect").length, 1);
    });
  }));

test("an error in the inspector ends it and is logged once, and no actor is affected", () =>
  withGateway({}, async ({ gateway, join, host }) => {
    const client = await join();
    let isBroken = false;
    const wall = (): number => {
      if (isBroken) throw new Error("the clock has stopped");
      return systemClock.wall();
    };
    await withStately({ gateway, clock: { ...systemClock, wall } }, async (page) => {
      isBroken = true;
      await client.barrier();
      assert.ok(page.hasFailed);
      assert.is(host.said("inspection: an observer threw and is not called again").length, 1);
      assert.is(gateway.inspection.observers, 0);
      await client.barrier();
      assert.is(newest(gateway).actor?.getSnapshot().status, "active");
    });
  }));

test.run();

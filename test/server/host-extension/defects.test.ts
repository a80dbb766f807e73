// Defects of the server, provoked inside the running gateway: the affected socket is closed with 1011, the defect is
// logged once with its stack, no stack reaches a client, and no other socket is affected (style, Errors).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Connection } from "../../../src/connections/connection.ts";
import type { Client } from "../../support/client.ts";
import { eventually } from "../../support/deadline.ts";
import { type BareGateway, hastyClock, withGateway } from "../../support/gateway.ts";
import { closeOf, openUpgradedPeer } from "../../support/http-peer.ts";
import { ScriptedSurface } from "../../support/scripted-surfaces.ts";

const test = suite("host: defects");

const poison = (): never => {
  throw new Error("a defect provoked on purpose");
};

/** An event whose field throws when it is read. */
function poisoned<Event extends object>(event: Event, field: keyof Event): Event {
  return Object.defineProperty(event, field, { get: poison });
}

/** The newest connection. */
function newest({ gateway }: BareGateway): Connection {
  const connection = [...gateway.connections.all()].at(-1);
  if (!connection) throw new Error("there is no connection");
  return connection;
}

async function expectDefect(bare: BareGateway, victim: Client, kind: string): Promise<void> {
  assert.equal(await victim.untilClosed(), { code: 1011, reason: "internal error" });
  assert.not.match(JSON.stringify(victim.received), "provoked");
  await eventually(() => bare.host.said("transport-ws: connection close").length === 1, "the socket to be released");
  const logged = bare.host.lines.filter((line) => line.level === "error");
  assert.equal(
    logged.map((line) => line.message),
    [`${kind}: defect`],
  );
  const error = logged[0]?.fields?.["error"];
  assert.ok(error instanceof Error);
  assert.match(String(error.stack), "defects.test.ts");
}

/** Two clients in mid-stream: the victim of a defect and a bystander. */
async function scene(bare: BareGateway): Promise<{ victim: Client; bystander: Client }> {
  const [bystander, victim] = [await bare.join(), await bare.join()];
  for (const client of [bystander, victim]) {
    client.send({ type: "chat.subscribe", conversationId: "c" });
    client.send({ type: "subscribe", surfaceId: "s" });
    await client.next("surface");
  }
  bare.orchestrator.begin("c");
  bare.orchestrator.say("c", "before ");
  await Promise.all([bystander.nextEvent("c", "text-delta"), victim.nextEvent("c", "text-delta")]);
  return { victim, bystander };
}

async function provesWell(bare: BareGateway, bystander: Client, surface: ScriptedSurface): Promise<void> {
  bare.orchestrator.say("c", "after");
  bare.orchestrator.end("c");
  await bystander.nextEvent("c", "turn-sealed");
  assert.is(bystander.transcript("c").text, "before after");
  surface.change("second");
  await bystander.next("update");
  const joiner = await bare.join();
  joiner.send({ type: "subscribe", surfaceId: "s" });
  await joiner.next("surface");
  await joiner.barrier();
  assert.is(bare.gateway.root.getSnapshot().status, "active");
}

const provocations: [kind: string, name: string, provoke: (connection: Connection) => void][] = [
  [
    "connection",
    "a connection's action",
    ({ actor }) => actor?.send(poisoned({ type: "chat.subscribe", conversationId: "x" } as const, "conversationId")),
  ],
  ["connection", "a connection's transition", ({ actor }) => actor?.send(poisoned({ type: "ping" } as const, "type"))],
  [
    "watch",
    "a watch",
    ({ watches }) => watches.get("c")?.actor?.send(poisoned({ type: "cursor.fellBehind" } as const, "type")),
  ],
];

for (const [kind, name, provoke] of provocations) {
  test(`a defect in ${name} closes that socket with 1011, is logged once, and affects no other socket`, () => {
    const surface = new ScriptedSurface("s");
    return withGateway({ surfaces: [surface] }, async (bare) => {
      const { victim, bystander } = await scene(bare);
      provoke(newest(bare));
      await expectDefect(bare, victim, kind);
      assert.is(bare.gateway.counts().watches, 1);
      assert.is(bare.orchestrator.subscriptions("c"), 1);
      await provesWell(bare, bystander, surface);
    });
  });
}

test("a defect in a surface's actor is reported to its viewers and closes no socket; they can subscribe again", () => {
  const [surface, other] = [new ScriptedSurface("s"), new ScriptedSurface("other")];
  return withGateway({ surfaces: [surface, other] }, async (bare) => {
    const actors: { send(event: { type: string }): void }[] = [];
    const inspecting = bare.gateway.root.system.inspect((inspection) => {
      const { type, actorRef } = inspection;
      if (type === "@xstate.actor" && Reflect.get(actorRef, "id") === "surface") actors.push(actorRef);
    });
    const [viewer, bystander] = [await bare.join(), await bare.join()];
    viewer.send({ type: "subscribe", surfaceId: "s" });
    await viewer.next("surface");
    inspecting.unsubscribe();
    bystander.send({ type: "subscribe", surfaceId: "other" });
    await bystander.next("surface");
    assert.is(actors.length, 1);
    actors[0]?.send(poisoned({ type: "surface.changed" }, "type"));
    assert.equal(await viewer.next("error"), {
      type: "error",
      surfaceId: "s",
      message: "an internal error has ended this surface: subscribe to it again",
    });
    assert.is(bare.host.said("surface: defect").length, 1);
    assert.is(surface.subscriptions, 0);
    viewer.send({ type: "subscribe", surfaceId: "s" });
    await viewer.next("surface");
    surface.change("second");
    await viewer.next("update");
    other.change("second");
    await bystander.next("update");
    await bystander.barrier();
    assert.equal(bystander.unread(), []);
  });
});

test("100 of 200 sockets crash at once, and the other 100 are untouched", () => {
  const surface = new ScriptedSurface("s");
  return withGateway({ surfaces: [surface] }, async (bare) => {
    const clients = await Promise.all(Array.from({ length: 200 }, () => bare.join()));
    for (const client of clients) {
      client.send({ type: "chat.subscribe", conversationId: "c" });
      client.send({ type: "subscribe", surfaceId: "s" });
    }
    await Promise.all(clients.map((client) => client.next("surface")));
    bare.orchestrator.begin("c");
    const half = [...bare.gateway.connections.all()].filter((_, index) => index % 2 === 0);
    for (const { actor } of half) actor?.send(poisoned({ type: "ping" } as const, "type"));
    bare.orchestrator.say("c", "said in the middle of it");
    bare.orchestrator.end("c");
    surface.change("second");
    const crashed = [];
    for (const client of clients) {
      const end = await Promise.race([client.closed, client.nextEvent("c", "turn-sealed").catch(() => undefined)]);
      if (end !== undefined && "code" in end) crashed.push(end.code);
      else {
        await client.next("update");
        assert.is(client.transcript("c").text, "said in the middle of it");
      }
    }
    assert.equal(
      crashed,
      Array.from({ length: 100 }, () => 1011),
    );
    await eventually(() => bare.gateway.connections.size === 100, "the crashed sockets to be released");
    assert.is(bare.gateway.counts().watches, 100);
    assert.is(bare.host.said("connection: defect").length, 100);
  });
});

test("a peer with a defect that never answers the close frame is cut off too", () =>
  withGateway({ clock: hastyClock(20) }, async (bare) => {
    using peer = await openUpgradedPeer(bare.url);
    await eventually(() => bare.gateway.connections.size === 1, "the socket to be taken");
    newest(bare).actor?.send(poisoned({ type: "ping" } as const, "type"));
    assert.is(closeOf(await peer.closeFrame()).code, 1011);
    await peer.untilClosed(3_000);
    await eventually(() => bare.gateway.connections.size === 0, "the socket to be released");
  }));

test("a socket that arrives after the gateway has stopped accepting them is closed with 1012", () =>
  withGateway({}, async (bare) => {
    const before = await bare.join();
    const drained = bare.gateway.drain(0, 1_000);
    assert.equal(await before.next("server.draining"), {
      type: "server.draining",
      deadlineMs: 0,
      reconnectAfterMs: 1_000,
    });
    using late = await openUpgradedPeer(bare.url);
    assert.equal(closeOf(await late.closeFrame()), { code: 1012, reason: "server restarting" });
    await drained;
    assert.is((await before.untilClosed()).code, 1012);
  }));

test.run();

// Plays the model of a process's life on the whole embedded server: two steered peers, a conversation whose turn runs,
// one that rests, and a surface. Actors are broken by events that cannot be read. A stop is asked for as a process asks
// for it.
import * as assert from "uvu/assert";
import type { AnyActorRef } from "xstate";
import { connect } from "../../support/client.ts";
import { found } from "../../support/orchestrator-fixture.ts";
import type { Coverage } from "../coverage.ts";
import { fixtureLimits, type ModelServer, openServer, Puppets, snapshotOf } from "../fixtures.ts";
import type { Implementation } from "../play.ts";
import { comesTo, soon } from "./soon.ts";
import { SteeredPeer } from "./steered-peer.ts";

const resting = "resting";
const deadlineMs = 3_600_000;
const degradedMs = 60_000;
/** Between two waves: half of what closesPerSecond says for one socket, and less than any other long wait. */
const pauseLeastMs = 400_000;

/** The two peers, and one more. Waves of one socket, so far apart that a test must end each pause. */
const limits = { socketsMax: 3, closesPerWave: 1, closeSpreadMs: 100 * deadlineMs, closesPerSecond: 0.001 };

/** The last handler of an event: it cannot be read. */
const poison = {
  get type(): never {
    throw new Error("a defect provoked on purpose");
  },
} as never;

interface Fixture {
  server: ModelServer;
  puppets: Puppets;
  peers: [SteeredPeer, SteeredPeer];
  third: Awaited<ReturnType<typeof connect>> | undefined;
  /** How many actors were made to fail. */
  defects: number;
  /** The actors that outlast the stop. */
  last: AnyActorRef[];
  drained: Promise<void> | undefined;
}

const rootOf = ({ server }: Fixture): unknown => snapshotOf(server.gateway.root).value;

const newest = (fixture: Fixture, chart: string): AnyActorRef =>
  found([...fixture.server.gateway.actors.alive(chart).keys()].at(-1));

const isUp =
  (service: unknown, health = "sound") =>
  (fixture: Fixture): Promise<void> =>
    comesTo(() => rootOf(fixture), { up: { service, health } }, "the root");

/** The second peer watches the surface, anew if it has failed. */
async function watchesSurface({ peers: [, peer] }: Fixture): Promise<void> {
  peer.send({ type: "unsubscribe", surfaceId: "conversation", conversationId: resting });
  peer.send({ type: "subscribe", surfaceId: "conversation", conversationId: resting });
  await peer.next("surface");
}

async function connectionFails(fixture: Fixture): Promise<void> {
  const client = await fixture.server.join();
  newest(fixture, "connection").send(poison);
  fixture.defects++;
  assert.is((await client.untilClosed()).code, 1011);
  await soon(() => fixture.server.gateway.connections.size === 2, "the failed socket to be released");
}

async function surfaceFails(fixture: Fixture): Promise<void> {
  newest(fixture, "surface").send(poison);
  fixture.defects++;
  await fixture.peers[1].next("error");
  await watchesSurface(fixture);
}

async function conversationFails(fixture: Fixture): Promise<void> {
  const { server } = fixture;
  const actor = (): AnyActorRef | undefined => server.actorOf("conversation", resting);
  found(actor()).send(poison);
  fixture.defects++;
  // It has got a new actor. The second time it gets one only when it is used again.
  if (!actor()) await fetch(`${server.httpUrl}/conversations/${resting}/close`, { method: "POST" });
  assert.ok(actor());
}

/** By which events reach an actor (XState 5.33): from plain code, and from another actor. */
const ways = ["send", "_send"];

/** The newest actors of these charts get no event until they fail, so the root waits for them. */
const outlast =
  (...charts: string[]) =>
  (fixture: Fixture): void => {
    fixture.last = charts.map((chart) => newest(fixture, chart));
    for (const actor of fixture.last) for (const way of ways) Reflect.set(actor, way, () => {});
    fixture.server.gateway.stop();
  };

const events: Implementation<Fixture>["events"] = {
  "connection.fails": connectionFails,
  "surface.fails": surfaceFails,
  "conversation.fails": conversationFails,
  "many.fail": async (fixture) => {
    const kinds = [connectionFails, surfaceFails, conversationFails];
    for (let count = 0; count < 10; count++) await kinds[count % kinds.length]?.(fixture);
  },
  "minute.passes": ({ server }) => {
    server.clock.advance(degradedMs);
    assert.is(server.clock.elapse(degradedMs), 1, "one quiet minute is waited for");
  },
  "client.comes": async (fixture) => {
    const client = await connect(fixture.server.url);
    const isTaken = fixture.third === undefined && fixture.drained === undefined;
    if (isTaken) {
      await client.next("catalog");
      fixture.third = client;
    } else assert.is((await client.untilClosed()).code, 1012);
  },
  "client.leaves": async (fixture) => {
    await fixture.third?.close();
    fixture.third = undefined;
  },
  "broadcast.comes": async ({ server, peers: [peer] }) => {
    const workspaceId = `workspace ${peer.received.length}`;
    const broadcast = { type: "conversation.open", conversationId: "another", workspaceId } as const;
    server.gateway.root.send({ type: "broadcast.made", broadcast });
    await peer.next("conversation.open", (message) => message["workspaceId"] === workspaceId);
  },
  "catalog.changes": async ({ server, peers: [peer] }) => {
    const before = peer.count("catalog");
    server.gateway.root.send({ type: "catalog.changed" });
    await soon(() => peer.count("catalog") > before, "the new catalog");
  },
  "process.drains": async (fixture) => {
    fixture.drained = fixture.server.gateway.drain(deadlineMs, fixtureLimits.reconnectAfterMs);
    const { reconnectAfterMs } = fixtureLimits;
    const draining = { type: "server.draining", deadlineMs, reconnectAfterMs };
    for (const peer of fixture.peers) assert.equal(await peer.next("server.draining"), draining);
  },
  "turn.finishes": async ({ puppets, peers: [peer] }) => {
    found(puppets.all[0]).finish();
    await peer.next("chat.delta", ({ event }) => JSON.stringify(event).includes('"turn-sealed"'));
  },
  "goodbyes.areSent": async (fixture) => {
    const { clock } = fixture.server;
    const isSent = (): boolean => clock.elapseFrom(pauseLeastMs) >= 0 && fixture.peers.every(({ closing }) => closing);
    await soon(isSent, "every socket to be told");
  },
  "somebody.hurries": ({ server }) => server.gateway.hurry(),
  "peers.answer": async ({ peers, drained }) => {
    for (const peer of peers) {
      await soon(() => peer.closing, "the close frame");
      peer.sendClose(peer.closing?.code);
    }
    await drained;
  },
  "process.stops": ({ server }) => server.end(),
  "connection.outlastsTheStop": outlast("connection"),
  "surface.outlastsTheStop": outlast("surface"),
  "conversation.outlastsTheStop": outlast("conversation", "connection"),
  "last.fails": async (fixture) => {
    for (const last of fixture.last) {
      for (const way of ways) Reflect.deleteProperty(last, way);
      last.send(poison);
      fixture.defects++;
    }
    await fixture.server.end();
  },
};

const isStopping =
  (chart: string) =>
  async (fixture: Fixture): Promise<void> => {
    await comesTo(() => rootOf(fixture), "stopping", "the root");
    assert.is(fixture.server.gateway.actors.count(chart), 1, "a child that is left");
  };

const roomy = { listening: "roomy" };

const states: Implementation<Fixture>["states"] = {
  "roomy.sound": isUp(roomy),
  "roomy.shaken": isUp(roomy),
  "roomy.shakenByConversation": isUp(roomy),
  "roomy.strained": isUp(roomy),
  "roomy.degraded": async (fixture) => {
    await isUp(roomy, "degraded")(fixture);
    assert.is(fixture.server.gateway.isDegraded, true);
  },
  full: isUp({ listening: "full" }),
  turnsEnd: isUp({ draining: "turnsEnd" }),
  goodbyes: isUp({ draining: "goodbyes" }),
  leaving: async (fixture) => {
    await isUp({ draining: "socketsLeave" })(fixture);
    for (const peer of fixture.peers) assert.is((await soon(() => peer.closing, "the close frame")).code, 1012);
  },
  drained: async (fixture) => {
    await isUp({ draining: "drained" })(fixture);
    assert.is(fixture.server.gateway.connections.size, 0);
  },
  "stopping.connection": isStopping("connection"),
  "stopping.surface": isStopping("surface"),
  "stopping.conversation": isStopping("conversation"),
  stopped: (fixture) => {
    const { root, actors } = fixture.server.gateway;
    assert.equal([rootOf(fixture), root.getSnapshot().status], ["stopped", "done"]);
    const kinds = ["connection", "watch", "surface", "conversation", "turn"];
    assert.equal(
      kinds.map((kind) => actors.count(kind)),
      [0, 0, 0, 0, 0],
    );
  },
};

async function open(coverage: Coverage): Promise<Fixture> {
  const puppets = new Puppets({ heedAbort: true });
  const attach = (root: AnyActorRef): (() => void) => coverage.attach(root.system);
  const server = await openServer({ puppets, attach, limits });
  const peers: Fixture["peers"] = [await SteeredPeer.open(server.url), await SteeredPeer.open(server.url)];
  const fixture: Fixture = {
    ...{ server, puppets, peers, defects: 0 },
    ...{ third: undefined, last: [], drained: undefined },
  };
  peers[0].send({ type: "chat.send", conversationId: "runs", message: "go" });
  await puppets.after(0);
  peers[1].send({ type: "chat.subscribe", conversationId: resting });
  await watchesSurface(fixture);
  return fixture;
}

export function processLifePlayer(coverage: Coverage): Implementation<Fixture> {
  return {
    events,
    states,
    async inFixture(run) {
      const fixture = await open(coverage);
      const { server, peers, third } = fixture;
      try {
        await run(fixture);
      } finally {
        await third?.close();
        for (const peer of peers) peer.vanish();
        await server.end();
      }
      const errors = server.lines.filter(({ level }) => level === "error");
      assert.is(errors.length, fixture.defects, `the defects logged: ${errors.map(({ message }) => message)}`);
    },
  };
}

// Plays the model of two connections: two steered peers on one conversation. After every step, each of them must have
// received exactly what is due: everything in order, or nothing while it does not read.
import * as assert from "uvu/assert";
import type { Coverage } from "../coverage.ts";
import type { Implementation } from "../play.ts";
import { comesTo, rest, soon } from "./soon.ts";
import { conversationId, onStage, type Socket, type Stage, turnRunning } from "./stage.ts";

interface Fixture {
  stage: Stage;
  first: Socket;
  second: Socket;
  /** The socket that requested the running turn. */
  asker: Socket | undefined;
  cancels: number;
}

/** What a long turn emits at once: several events, together more than may be outstanding to a socket. */
const pouredEvents = 12;
const pouredCharacters = 1_500;
/** What a flood emits: more than one catch-up slice, and less than what makes a socket congested. */
const floodEvents = 4;
const floodCharacters = 1_000;

async function joins(socket: Socket): Promise<void> {
  socket.follows();
  socket.peer.send({ type: "chat.subscribe", conversationId });
  await socket.peer.barrier();
}

async function leaves(fixture: Fixture, socket: Socket): Promise<void> {
  if (fixture.asker === socket) fixture.asker = undefined;
  socket.peer.send({ type: "chat.unsubscribe", conversationId });
  await socket.peer.barrier();
  socket.stopsFollowing();
}

/** Requests a turn. While one runs, the request is refused and the socket stays subscribed. */
async function asks(fixture: Fixture, socket: Socket): Promise<void> {
  const { stage } = fixture;
  const wasRunning = stage.isRunning;
  socket.follows();
  socket.peer.send({ type: "chat.send", conversationId, message: "?" });
  await socket.peer.barrier();
  if (wasRunning) {
    assert.equal(await socket.peer.next("chat.error"), turnRunning);
    return;
  }
  fixture.asker = socket;
  stage.beginTurn();
}

async function isAway(socket: Socket, flow: "flowing" | "congested"): Promise<void> {
  await comesTo(() => socket.value, { open: { flow, chatTurn: "quiet" } }, "the connection of who is away");
  assert.is(socket.watch, undefined);
  await socket.isTold("nothing");
}

async function isFollowing(fixture: Fixture, socket: Socket, flow: "flowing" | "congested"): Promise<void> {
  const { stage, asker } = fixture;
  const chatTurn = stage.isRunning && asker === socket ? "running" : "quiet";
  await comesTo(() => socket.value, { open: { flow, chatTurn } }, "the connection of who follows");
  const cursor = flow === "flowing" ? "live" : "lagging";
  await comesTo(() => socket.watchState, cursor, "the watch");
  assert.is(socket.watch?.feed.live.has(socket.watch.cursor), flow === "flowing", "membership in the live set");
  if (flow === "flowing") await socket.isUpToDate();
  else await socket.isTold("nothing");
}

/** The gateway has one subscription to the conversation while a socket follows it or its turn runs. */
async function isHeardOnce({ stage, first, second }: Fixture): Promise<void> {
  const isWanted = stage.isRunning || first.isFollowing || second.isFollowing;
  await comesTo(
    () => stage.bare.orchestrator.subscriptions(conversationId) - stage.listeners,
    isWanted ? 1 : 0,
    "the gateway's subscriptions at the orchestrator",
  );
}

async function runs(fixture: Fixture): Promise<void> {
  const { stage } = fixture;
  assert.ok(stage.isRunning, "the turn goes on when a socket leaves");
  assert.is(stage.bare.orchestrator.given("stopTurn").length, fixture.cancels, "leaving never stops a turn");
  await isHeardOnce(fixture);
}

export function twoConnectionsPlayer(coverage: Coverage): Implementation<Fixture> {
  return {
    inFixture: (run) =>
      onStage(coverage, [], async (stage) => {
        const [first, second] = [await stage.connect(), await stage.connect()];
        await run({ stage, first, second, asker: undefined, cancels: 0 });
      }),

    states: {
      "first.away": (fixture) => isAway(fixture.first, "flowing"),
      "first.stalled": (fixture) => isAway(fixture.first, "congested"),
      "first.following": (fixture) => isFollowing(fixture, fixture.first, "flowing"),
      "first.lagging": (fixture) => isFollowing(fixture, fixture.first, "congested"),
      "first.gone": async ({ stage, first }) => {
        await comesTo(() => first.value, "closed", "the connection of who has gone");
        assert.is(stage.bare.gateway.connections.get(first.entry.id), undefined);
        assert.is(first.entry.subscriptions, 0);
      },
      "second.away": (fixture) => isAway(fixture.second, "flowing"),
      "second.following": (fixture) => isFollowing(fixture, fixture.second, "flowing"),
      "second.lagging": (fixture) => isFollowing(fixture, fixture.second, "congested"),
      "turn.none": async (fixture) => {
        assert.not.ok(fixture.stage.isRunning);
        await isHeardOnce(fixture);
      },
      "turn.young": runs,
      "turn.long": runs,
    },

    events: {
      "first.joins": ({ first }) => joins(first),
      // The peer acknowledges nothing from its first slice on, so the server writes no more than its window.
      "first.joinsUnread": async ({ first }) => {
        first.peer.withholdPongs();
        await joins(first);
        await soon(() => first.entry.writer.congested, "the corker to become congested");
      },
      // The turn emits more than a slice when the joining cursor has reached the end of the log, twice at most.
      "first.joinsInAFlood": async ({ stage, first }) => {
        let floods = 2;
        stage.clock.beforeDeferred = () => {
          const { watch } = first;
          const believes = first.watchState === "catchingUp" && watch && watch.cursor.seq >= watch.feed.head();
          if (!believes || floods-- <= 0) return;
          for (let event = 0; event < floodEvents; event++) stage.speak(floodCharacters);
        };
        await joins(first);
        await soon(() => first.watchState === "live", "the corker to be live");
        await rest();
        stage.clock.beforeDeferred = undefined;
        assert.ok(floods < 2, "the turn has emitted a flood");
      },
      "first.leaves": (fixture) => leaves(fixture, fixture.first),
      "first.stalls": ({ first }) => first.stalls(),
      "first.recovers": ({ first }) => first.recovers(),
      "first.asks": (fixture) => asks(fixture, fixture.first),
      "first.cancels": async (fixture) => {
        fixture.cancels++;
        fixture.first.peer.send({ type: "chat.cancel", conversationId });
        await soon(() => !fixture.stage.isRunning, "the turn to be cancelled");
      },
      "first.vanishes": (fixture) => {
        fixture.first.peer.vanish();
        fixture.first.stopsFollowing();
        if (fixture.asker === fixture.first) fixture.asker = undefined;
      },
      "first.returns": async (fixture) => {
        fixture.first = await fixture.stage.connect();
      },
      "second.joins": ({ second }) => joins(second),
      "second.leaves": async (fixture) => {
        await leaves(fixture, fixture.second);
        fixture.second.recovers();
      },
      "second.stalls": ({ second }) => second.stalls(),
      "second.recovers": ({ second }) => second.recovers(),
      "second.asks": (fixture) => asks(fixture, fixture.second),
      "turn.speaks": ({ stage }) => {
        stage.speak();
      },
      "turn.pours": ({ stage }) => {
        for (let event = 0; event < pouredEvents; event++) stage.speak(pouredCharacters);
      },
      "turn.ends": ({ stage }) => stage.bare.orchestrator.end(conversationId),
    },
  };
}

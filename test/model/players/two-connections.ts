// Plays the model of two connections: two steered peers on one conversation. After every step each of them has been
// told exactly what is its due: everything in order, or nothing while it does not read.
import * as assert from "uvu/assert";
import type { Coverage } from "../coverage.ts";
import type { Implementation } from "../play.ts";
import { comesTo, rest, soon } from "./soon.ts";
import { conversationId, onStage, type Socket, type Stage, turnRunning } from "./stage.ts";

interface House {
  stage: Stage;
  first: Socket;
  second: Socket;
  /** Whose turn it is that runs. */
  asker: Socket | undefined;
  cancels: number;
}

/** What a long turn says at once: more than may be outstanding to a socket, in several events. */
const pouredEvents = 12;
const pouredCharacters = 1_500;
/** More than one slice of catching up, and less than what makes a socket congested. */
const floodEvents = 4;
const floodCharacters = 1_000;

async function joins(socket: Socket): Promise<void> {
  socket.follows();
  socket.peer.send({ type: "chat.subscribe", conversationId });
  await socket.peer.barrier();
}

async function leaves(house: House, socket: Socket): Promise<void> {
  if (house.asker === socket) house.asker = undefined;
  socket.peer.send({ type: "chat.unsubscribe", conversationId });
  await socket.peer.barrier();
  socket.stopsFollowing();
}

/** A turn begins, or, while one runs, the socket is refused and stays subscribed. */
async function asks(house: House, socket: Socket): Promise<void> {
  const { stage } = house;
  const wasRunning = stage.isRunning;
  socket.follows();
  socket.peer.send({ type: "chat.send", conversationId, message: "?" });
  await socket.peer.barrier();
  if (wasRunning) {
    assert.equal(await socket.peer.next("chat.error"), turnRunning);
    return;
  }
  house.asker = socket;
  stage.beginTurn();
}

async function isAway(socket: Socket, flow: "flowing" | "congested"): Promise<void> {
  await comesTo(
    () => socket.value,
    { open: { flow, subscription: "none", chatTurn: "quiet" } },
    "the connection of who is away",
  );
  assert.is(socket.watch, undefined);
  await socket.isTold("nothing");
}

async function isFollowing(house: House, socket: Socket, flow: "flowing" | "congested"): Promise<void> {
  const { stage, asker } = house;
  const chatTurn = stage.isRunning && asker === socket ? "asking" : "quiet";
  await comesTo(
    () => socket.value,
    { open: { flow, subscription: "some", chatTurn } },
    "the connection of who follows",
  );
  const turn = stage.isRunning ? "generating" : "idle";
  const cursor = flow === "flowing" ? "live" : "lagging";
  await comesTo(() => [socket.watchRegion("cursor"), socket.watchRegion("turn")], [cursor, turn], "the watch");
  assert.is(socket.watch?.feed.live.has(socket.watch.cursor), flow === "flowing", "is it in the live set?");
  if (flow === "flowing") await socket.isUpToDate();
  else await socket.isTold("nothing");
}

/** The gateway listens to the conversation once, as long as somebody follows it or its turn runs. */
async function isHeardOnce({ stage, first, second }: House): Promise<void> {
  const isWanted = stage.isRunning || first.isFollowing || second.isFollowing;
  await comesTo(
    () => stage.bare.orchestrator.subscriptions(conversationId) - stage.listeners,
    isWanted ? 1 : 0,
    "the gateway's subscriptions at the orchestrator",
  );
}

async function runs(house: House): Promise<void> {
  const { stage } = house;
  assert.ok(stage.isRunning, "whoever leaves, the turn goes on");
  assert.is(stage.bare.orchestrator.given("stopTurn").length, house.cancels, "nobody stops a turn by leaving");
  await isHeardOnce(house);
}

export function twoConnectionsPlayer(coverage: Coverage): Implementation<House> {
  return {
    inHouse: (run) =>
      onStage(coverage, [], async (stage) => {
        const [first, second] = [await stage.connect(), await stage.connect()];
        await run({ stage, first, second, asker: undefined, cancels: 0 });
      }),

    states: {
      "first.away": (house) => isAway(house.first, "flowing"),
      "first.stalled": (house) => isAway(house.first, "congested"),
      "first.following": (house) => isFollowing(house, house.first, "flowing"),
      "first.lagging": (house) => isFollowing(house, house.first, "congested"),
      "first.gone": async ({ stage, first }) => {
        await comesTo(() => first.value, "closed", "the connection of who has gone");
        assert.is(stage.bare.gateway.connections.get(first.entry.id), undefined);
        assert.is(first.entry.subscriptions, 0);
      },
      "second.away": (house) => isAway(house.second, "flowing"),
      "second.following": (house) => isFollowing(house, house.second, "flowing"),
      "second.lagging": (house) => isFollowing(house, house.second, "congested"),
      "turn.none": async (house) => {
        assert.not.ok(house.stage.isRunning);
        await isHeardOnce(house);
      },
      "turn.young": runs,
      "turn.long": runs,
    },

    events: {
      "first.joins": ({ first }) => joins(first),
      // It reads no further than its window, from its first slice on.
      "first.joinsUnread": async ({ first }) => {
        first.peer.withholdPongs();
        await joins(first);
        await soon(() => first.entry.outlet.congested, "the joiner to become congested");
      },
      // The turn says more than a slice whenever the joiner believes that it has caught up.
      "first.joinsInAFlood": async ({ stage, first }) => {
        let floods = 2;
        stage.clock.beforeDeferred = () => {
          const { watch } = first;
          const believes =
            first.watchRegion("cursor") === "catchingUp" && watch && watch.cursor.seq >= watch.feed.head();
          if (!believes || floods-- <= 0) return;
          for (let event = 0; event < floodEvents; event++) stage.speak(floodCharacters);
        };
        await joins(first);
        await soon(() => first.watchRegion("cursor") === "live", "the joiner to be live");
        await rest();
        stage.clock.beforeDeferred = undefined;
        assert.ok(floods < 2, "the flood came");
      },
      "first.leaves": (house) => leaves(house, house.first),
      "first.stalls": ({ first }) => first.stalls(),
      "first.recovers": ({ first }) => first.recovers(),
      "first.asks": (house) => asks(house, house.first),
      "first.cancels": async (house) => {
        house.cancels++;
        house.first.peer.send({ type: "chat.cancel", conversationId });
        await soon(() => !house.stage.isRunning, "the turn to be cancelled");
      },
      "first.vanishes": (house) => {
        house.first.peer.vanish();
        house.first.stopsFollowing();
        if (house.asker === house.first) house.asker = undefined;
      },
      "first.returns": async (house) => {
        house.first = await house.stage.connect();
      },
      "second.joins": ({ second }) => joins(second),
      "second.leaves": async (house) => {
        await leaves(house, house.second);
        house.second.recovers();
      },
      "second.stalls": ({ second }) => second.stalls(),
      "second.recovers": ({ second }) => second.recovers(),
      "second.asks": (house) => asks(house, house.second),
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

// The chart of a watch, transition by transition: the cursor joins, catches up, is live and lags whatever the turn
// does, and the turn begins and ends whatever the cursor does.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createActor } from "xstate";
import { type WatchEvent, watchMachine } from "../../machines/watch.ts";
import { ChartTable } from "../support/chart-table.ts";

const test = suite("the watch's chart");
const context = { connectionId: "one", conversationId: "c", instance: 1 };
const table = new ChartTable({ machine: watchMachine, guards: [], context });

const cursors = ["joining", "catchingUp", "live", "lagging"] as const;
const turns = ["idle", "requested", "generating"] as const;
type CursorState = (typeof cursors)[number];
type TurnState = (typeof turns)[number];

const watching = (cursor: CursorState, turn: TurnState) => ({ watching: { cursor, turn } });

interface Move<State> {
  from: State;
  on: WatchEvent["type"];
  to: State;
  does: string[];
}

const cursorMoves: Move<CursorState>[] = [
  { from: "joining", on: "watch.admitted", to: "catchingUp", does: ["catchUp"] },
  { from: "joining", on: "socket.congested", to: "lagging", does: [] },
  { from: "catchingUp", on: "cursor.reachedEnd", to: "live", does: ["joinLive"] },
  { from: "catchingUp", on: "socket.congested", to: "lagging", does: [] },
  { from: "live", on: "cursor.fellBehind", to: "catchingUp", does: ["leaveLive", "catchUp"] },
  { from: "live", on: "socket.congested", to: "lagging", does: ["leaveLive"] },
  { from: "lagging", on: "socket.drained", to: "catchingUp", does: ["catchUp"] },
];

const turnMoves: Move<TurnState>[] = [
  { from: "idle", on: "turn.requested", to: "requested", does: ["noteAsked"] },
  { from: "idle", on: "turn.began", to: "generating", does: [] },
  { from: "requested", on: "turn.began", to: "generating", does: [] },
  { from: "requested", on: "turn.refused", to: "idle", does: ["noteSettled"] },
  { from: "requested", on: "turn.sealed", to: "idle", does: ["noteSettled"] },
  { from: "generating", on: "turn.sealed", to: "idle", does: ["noteSettled"] },
];

const cursorEvents = ["watch.admitted", "cursor.reachedEnd", "cursor.fellBehind", "socket.congested", "socket.drained"];
const turnEvents = ["turn.requested", "turn.refused", "turn.began", "turn.sealed"];

test("the cursor joins, catches up, is live and lags, whatever the turn does", () => {
  for (const turn of turns)
    for (const { from, on, to, does } of cursorMoves)
      table.take({ in: watching(from, turn), on, to: watching(to, turn), does });
});

test("turns are requested, begin, are refused and sealed, whatever the cursor does", () => {
  for (const cursor of cursors)
    for (const { from, on, to, does } of turnMoves)
      table.take({ in: watching(cursor, from), on, to: watching(cursor, to), does });
});

test("an event without a meaning in a state has no effect there", () => {
  for (const cursor of cursors) {
    for (const turn of turns) {
      const state = watching(cursor, turn);
      for (const on of cursorEvents)
        if (!cursorMoves.some((move) => move.from === cursor && move.on === on))
          table.take({ in: state, on, to: state });
      for (const on of turnEvents)
        if (!turnMoves.some((move) => move.from === turn && move.on === on)) table.take({ in: state, on, to: state });
    }
  }
});

test("it leaves from every state, and a live watch leaves the live set", () => {
  for (const cursor of cursors) {
    for (const turn of turns) {
      const does = cursor === "live" ? ["leaveLive"] : [];
      table.take({ in: watching(cursor, turn), on: "watch.leave", to: "left", does });
    }
  }
});

test("these tests take every transition", () => assert.equal(table.missing(), []));

test("it begins with a request for admission, and ends for good when it leaves", () => {
  const done: string[] = [];
  const note = (action: string) => () => void done.push(action);
  const actions = {
    askAdmission: note("askAdmission"),
    catchUp: note("catchUp"),
    joinLive: note("joinLive"),
    leaveLive: note("leaveLive"),
  };
  const actor = createActor(watchMachine.provide({ actions }), { input: context });
  actor.start();
  assert.equal(actor.getSnapshot().value, watching("joining", "idle"));
  assert.equal(done, ["askAdmission"]);
  actor.send({ type: "watch.admitted" });
  actor.send({ type: "cursor.reachedEnd" });
  actor.send({ type: "watch.leave" });
  actor.send({ type: "socket.drained" });
  assert.is(actor.getSnapshot().status, "done");
  assert.equal(done, ["askAdmission", "catchUp", "joinLive", "leaveLive"]);
});

test("the machine runs without its implementations and has no side effects", () => {
  const actor = createActor(watchMachine, { input: context });
  actor.start();
  const events: WatchEvent["type"][] = [
    "turn.requested",
    "watch.admitted",
    "cursor.reachedEnd",
    "cursor.fellBehind",
    "turn.began",
    "turn.sealed",
  ];
  for (const type of events) actor.send({ type });
  assert.equal(actor.getSnapshot().value, watching("catchingUp", "idle"));
});

test.run();

// The chart of a watch, transition by transition: the cursor joins, catches up, is live and lags, until it leaves or is
// lost.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createActor } from "xstate";
import { type WatchEvent, watchMachine } from "../../machines/watch.ts";
import { ChartTable } from "../support/chart-table.ts";

const test = suite("the watch's chart");
const context = { connectionId: "one", conversationId: "c", instance: 1 };
const table = new ChartTable({ machine: watchMachine, guards: [], context });

const states = ["joining", "catchingUp", "live", "lagging"] as const;
type State = (typeof states)[number];

interface Move {
  from: State;
  on: WatchEvent["type"];
  to: State;
  does: string[];
}

const moves: Move[] = [
  { from: "joining", on: "watch.admitted", to: "catchingUp", does: ["catchUp"] },
  { from: "joining", on: "socket.congested", to: "lagging", does: [] },
  { from: "catchingUp", on: "cursor.reachedEnd", to: "live", does: ["joinLive"] },
  { from: "catchingUp", on: "socket.congested", to: "lagging", does: [] },
  { from: "live", on: "cursor.fellBehind", to: "catchingUp", does: ["leaveLive", "catchUp"] },
  { from: "live", on: "socket.congested", to: "lagging", does: ["leaveLive"] },
  { from: "lagging", on: "socket.drained", to: "catchingUp", does: ["catchUp"] },
];

const events = ["watch.admitted", "cursor.reachedEnd", "cursor.fellBehind", "socket.congested", "socket.drained"];

test("it joins, catches up, is live and lags", () => {
  for (const { from, on, to, does } of moves) table.take({ in: from, on, to, does });
});

test("an event without a meaning in a state has no effect there", () => {
  for (const state of states)
    for (const on of events)
      if (!moves.some((move) => move.from === state && move.on === on)) table.take({ in: state, on, to: state });
});

test("it leaves or is lost from every state, and a live watch leaves the live set", () => {
  for (const state of states) {
    const does = state === "live" ? ["leaveLive"] : [];
    table.take({ in: state, on: "watch.leave", to: "left", does });
    table.take({ in: state, on: "cursor.lost", to: "lost", does });
  }
});

test("its output tells the connection whether it was lost", () => {
  for (const [type, isLost] of [
    ["watch.leave", false],
    ["cursor.lost", true],
  ] as const) {
    const actor = createActor(watchMachine, { input: context }).start();
    actor.send({ type });
    assert.equal(actor.getSnapshot().output, { isLost });
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
  assert.is(actor.getSnapshot().value, "joining");
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
  for (const type of ["watch.admitted", "cursor.reachedEnd", "cursor.fellBehind"] as const) actor.send({ type });
  assert.is(actor.getSnapshot().value, "catchingUp");
});

test.run();

// The chart of a surface subscription, transition by transition: it waits for the whole spec, shows it, and may ask
// again.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createActor } from "xstate";
import { surfaceWatchMachine } from "../../machines/surface-watch.ts";
import { ChartTable } from "../support/chart-table.ts";

const test = suite("the surface-watch's chart");
const context = { connectionId: "one", surfaceId: "s", conversationId: undefined };
const table = new ChartTable({ machine: surfaceWatchMachine, guards: [], context });

test("it waits for the surface, shows it, and waits again when it asks again", () => {
  table.take({ in: "waiting", on: "surface.shown", to: "shown" });
  table.take({ in: "shown", on: "surface.awaited", to: "waiting" });
});

test("asking twice before the surface is shown, and showing it twice, change nothing", () => {
  table.take({ in: "waiting", on: "surface.awaited", to: "waiting" });
  table.take({ in: "shown", on: "surface.shown", to: "shown" });
});

test("it leaves from every state", () => {
  for (const state of ["waiting", "shown"]) table.take({ in: state, on: "watch.leave", to: "left" });
});

test("these tests take every transition", () => assert.equal(table.missing(), []));

test("after it has left it handles nothing", () => {
  const actor = createActor(surfaceWatchMachine, { input: context });
  actor.start();
  assert.is(actor.getSnapshot().value, "waiting");
  actor.send({ type: "watch.leave" });
  actor.send({ type: "surface.shown" });
  assert.is(actor.getSnapshot().value, "left");
  assert.is(actor.getSnapshot().status, "done");
});

test.run();

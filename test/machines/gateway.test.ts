// The chart of the gateway, transition by transition: sockets are adopted while it listens and refused in every other
// state, and events of its children change no state.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createActor } from "xstate";
import { type GatewayEvent, gatewayMachine, type Offer } from "../../machines/gateway.ts";
import { ChartTable } from "../support/chart-table.ts";

const test = suite("the gateway's chart");
const table = new ChartTable({ machine: gatewayMachine, guards: [], context: {} });

const offer: Offer = { adopt: () => {}, turnAway: () => {} };
const opened = { type: "socket.opened", offer } as const;
const broadcast = { type: "conversation.open", conversationId: "c", workspaceId: "w" } as const;
const living = ["booting", "listening", "draining", "stopping"];
const kinds = ["connection", "surface", "conversation"] as const;

test("it boots, listens, drains, closes its sockets and stops", () => {
  table.take({ in: "booting", on: "gateway.listening", to: "listening" });
  table.take({ in: "listening", on: "gateway.drain", to: "draining", does: ["announceDraining"] });
  table.take({ in: "draining", on: "gateway.drained", to: "stopping", does: ["closeSockets"] });
  for (const state of living) table.take({ in: state, on: "gateway.stop", to: "stopped" });
});

test("a port that cannot be opened makes it fail, but only while it boots", () => {
  table.take({ in: "booting", on: "gateway.failed", to: "failed" });
  for (const state of ["listening", "draining", "stopping"]) table.take({ in: state, on: "gateway.failed", to: state });
});

test("a socket is adopted while it listens, and refused before and after", () => {
  for (const state of living)
    table.take({ in: state, on: opened, to: state, does: [state === "listening" ? "adopt" : "turnAway"] });
});

test("broadcasts and a new catalog reach the open sockets, also while draining", () => {
  for (const state of living) {
    table.take({ in: state, on: { type: "broadcast.made", broadcast }, to: state, does: ["fanOut"] });
    table.take({ in: state, on: "catalog.changed", to: state, does: ["announceCatalog"] });
  }
});

test("the end or failure of a child changes nothing", () => {
  for (const state of living) {
    for (const kind of kinds) {
      table.take({ in: state, on: `xstate.done.actor.${kind}`, to: state });
      table.take({ in: state, on: `xstate.error.actor.${kind}`, to: state });
    }
  }
});

test("events in the wrong order have no effect", () => {
  const wrong: [string, string[]][] = [
    ["booting", ["gateway.drain", "gateway.drained"]],
    ["listening", ["gateway.listening", "gateway.drained"]],
    ["draining", ["gateway.listening", "gateway.drain"]],
    ["stopping", ["gateway.listening", "gateway.drain", "gateway.drained"]],
  ];
  for (const [state, events] of wrong) for (const on of events) table.take({ in: state, on, to: state });
});

test("a stopped or failed gateway handles nothing", () => {
  for (const [last, state] of [
    ["gateway.failed", "failed"],
    ["gateway.stop", "stopped"],
  ] as const) {
    const done: string[] = [];
    const note = (action: string) => () => void done.push(action);
    const actions = { adopt: note("adopt"), turnAway: note("turnAway"), fanOut: note("fanOut") };
    const gateway = createActor(gatewayMachine.provide({ actions }));
    gateway.start();
    gateway.send({ type: last });
    for (const event of [opened, { type: "broadcast.made", broadcast }, { type: "gateway.stop" }] as const)
      gateway.send(event);
    assert.is(gateway.getSnapshot().value, state);
    assert.equal(done, []);
  }
});

test("these tests take every transition", () => assert.equal(table.missing(), []));

test("the machine runs without its implementations and has no side effects", () => {
  const gateway = createActor(gatewayMachine);
  gateway.start();
  const events: GatewayEvent[] = [
    { type: "socket.opened", offer },
    { type: "gateway.listening" },
    { type: "socket.opened", offer },
    { type: "broadcast.made", broadcast },
    { type: "catalog.changed" },
    { type: "xstate.done.actor.connection", output: undefined, actorId: "connection" },
    { type: "xstate.error.actor.connection", error: new Error("a defect"), actorId: "connection" },
    { type: "gateway.drain", deadlineMs: 0, reconnectAfterMs: 0 },
    { type: "gateway.drained" },
  ];
  for (const event of events) gateway.send(event);
  assert.is(gateway.getSnapshot().value, "stopping");
  gateway.send({ type: "gateway.stop" });
  assert.is(gateway.getSnapshot().status, "done");
});

test.run();

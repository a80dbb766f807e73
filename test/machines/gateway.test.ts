// The chart of the gateway, transition by transition: sockets are adopted while there is room, a stop goes step by
// step, a second request shortens each step, and actors that fail are counted and, once, replaced.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createActor, type SnapshotFrom, type StateValue } from "xstate";
import { type GatewayEvent, gatewayMachine } from "../../machines/gateway.ts";
import { ChartTable } from "../support/chart-table.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("the gateway's chart");
const guards = ["isLastPlace", "isLastWave", "noSocketIsLeft", "noChildIsLeft", "defectsAreMany", "mayRestart"];
const table = new ChartTable({ machine: gatewayMachine, guards, context: {} });

const opened = { type: "socket.opened", offer: 1 } as const;
const drain = { type: "gateway.drain", deadlineMs: 7, reconnectAfterMs: 8 } as const;
const failed = { type: "conversation.failed", conversationId: "c", isFirst: true, isNeeded: true } as const;
const broadcast = { type: "conversation.open", conversationId: "c", workspaceId: "w" } as const;
const kinds = ["connection", "surface", "conversation"] as const;

const ends = ["cutSockets", "endSurfaces", "endFeeds", "closePorts"];

const up = (service: StateValue, health = "sound"): StateValue => ({ up: { service, health } });
const [roomy, full] = [{ listening: "roomy" }, { listening: "full" }];
const draining = (step: string) => ({ draining: step });
const [turnsEnd, goodbyes, socketsLeave, drained] = ["turnsEnd", "goodbyes", "socketsLeave", "drained"].map(draining);
const services = ["booting", roomy, full, turnsEnd, goodbyes, socketsLeave, drained] as StateValue[];
const living = [...services.map((service) => up(service)), "stopping"];

test("it boots, listens, ends its turns, closes its sockets, waits for them and stops after its last child", () => {
  table.take({ in: up("booting"), on: "gateway.listening", to: up(roomy) });
  for (const service of [roomy, full])
    table.take({ in: up(service), on: drain, to: up(draining("turnsEnd")), does: ["announceDraining", "endTurns"] });
  table.take({ in: up(draining("turnsEnd")), on: "turns.ended", to: up(draining("goodbyes")), does: ["planWaves"] });
  const wave = { in: up(draining("goodbyes")), on: "wave.due", does: ["closeWave"] };
  table.take({ ...wave, to: up(draining("goodbyes")) });
  table.take({ ...wave, if: ["isLastWave"], to: up(draining("socketsLeave")) });
  table.take({ ...wave, if: ["isLastWave", "noSocketIsLeft"], to: up(draining("drained")) });
  for (const service of services) {
    table.take({ in: up(service), on: "gateway.stop", to: "stopping", does: ends });
    table.take({ in: up(service), on: "gateway.stop", if: ["noChildIsLeft"], to: "stopped", does: ends });
  }
});

test("the sockets that leave are waited for, and so are the children that are being ended", () => {
  const left = { sockets: 2, children: 2 };
  const gateway = createActor(
    gatewayMachine.provide({
      guards: { noSocketIsLeft: () => left.sockets === 0, noChildIsLeft: () => left.children === 0 },
    }),
  );
  gateway.start();
  const events: GatewayEvent[] = [{ type: "gateway.listening" }, drain, { type: "turns.ended" }, { type: "wave.due" }];
  for (const event of events) gateway.send(event);
  const is = (state: Parameters<SnapshotFrom<typeof gatewayMachine>["matches"]>[0]): boolean =>
    gateway.getSnapshot().matches(state);
  left.sockets = 1;
  gateway.send({ type: "socket.gone" });
  assert.ok(is({ up: { service: { draining: "socketsLeave" } } }));
  left.sockets = 0;
  gateway.send({ type: "socket.gone" });
  assert.ok(is({ up: { service: { draining: "drained" } } }));
  gateway.send({ type: "gateway.stop" });
  left.children = 1;
  gateway.send({ type: "xstate.done.actor.conversation", output: undefined, actorId: "conversation" });
  assert.ok(is("stopping"));
  left.children = 0;
  gateway.send({ type: "xstate.error.actor.conversation", error: new Error("a defect"), actorId: "conversation" });
  assert.is(gateway.getSnapshot().status, "done");
});

test("a second request to stop ends the turns at once and closes the sockets at once", () => {
  const hurried = (step: string, does: string[]): void =>
    table.take({ in: up(draining(step)), on: "gateway.hurry", to: up(draining(step)), does });
  hurried("turnsEnd", ["endTurns", "hurryWaves"]);
  hurried("goodbyes", ["hurryWaves"]);
  hurried("socketsLeave", []);
  hurried("drained", []);
});

test("a socket is adopted while there is room, and turned away before, after and when there is none", () => {
  for (const state of living) {
    const isRoomy = state === living[1];
    table.take({ in: state, on: opened, to: state, does: [isRoomy ? "adopt" : "turnAway"] });
  }
  table.take({ in: up(roomy), on: opened, if: ["isLastPlace"], to: up(full), does: ["adopt"] });
  table.take({ in: up(full), on: "socket.gone", to: up(roomy) });
  table.take({ in: up(roomy), on: "socket.gone", to: up(roomy) });
});

test("broadcasts and a new catalog reach the open sockets, also while draining", () => {
  for (const state of living) {
    table.take({ in: state, on: { type: "broadcast.made", broadcast }, to: state, does: ["fanOut"] });
    table.take({ in: state, on: "catalog.changed", to: state, does: ["announceCatalog"] });
  }
});

test("the end of a child changes nothing; failures that come too often degrade it until a minute was quiet", () => {
  for (const kind of kinds) {
    const on = `xstate.error.actor.${kind}`;
    for (const service of services) {
      table.take({ in: up(service), on: `xstate.done.actor.${kind}`, to: up(service) });
      table.take({ in: up(service), on, to: up(service), does: ["noteDefect"] });
      table.take({ in: up(service), on, if: ["defectsAreMany"], to: up(service, "degraded") });
      table.take({ in: up(service, "degraded"), on, to: up(service, "degraded") });
    }
    table.take({ in: "stopping", on, to: "stopping" });
  }
  table.take({
    in: up(roomy, "degraded"),
    on: "xstate.after.degradedTime.gateway.up.health.degraded",
    to: up(roomy),
  });
});

test("each failure while it is degraded begins the quiet minute anew", () => {
  const clock = new SimulatedClock();
  const gateway = createActor(gatewayMachine.provide({ guards: { defectsAreMany: () => true } }), { clock });
  gateway.start();
  const fail = (): void =>
    gateway.send({ type: "xstate.error.actor.surface", error: new Error("a defect"), actorId: "surface" });
  fail();
  clock.advance(59_000);
  fail();
  clock.advance(59_000);
  assert.ok(gateway.getSnapshot().hasTag("degraded"));
  clock.advance(1_000);
  assert.not.ok(gateway.getSnapshot().hasTag("degraded"));
  gateway.send({ type: "gateway.stop" });
  assert.is(clock.pending, 0);
});

test("a conversation that fails gets a new actor, once and if it needs one", () => {
  for (const state of living) {
    table.take({ in: state, on: failed, if: ["mayRestart"], to: state, does: ["restartConversation"] });
    table.take({ in: state, on: failed, to: state, does: ["giveUpConversation"] });
  }
  const restarted: string[] = [];
  const gateway = createActor(
    gatewayMachine.provide({ actions: { restartConversation: (_, id) => void restarted.push(id) } }),
  );
  gateway.start();
  gateway.send({ ...failed, conversationId: "again", isFirst: false });
  gateway.send({ ...failed, conversationId: "unneeded", isNeeded: false });
  gateway.send(failed);
  assert.equal(restarted, ["c"]);
});

test("events in the wrong order have no effect", () => {
  const wrong: [StateValue, string[]][] = [
    ["booting", ["turns.ended", "wave.due", "gateway.hurry"]],
    [roomy, ["gateway.listening", "turns.ended", "wave.due", "gateway.hurry"]],
    [draining("turnsEnd"), ["gateway.listening", "gateway.drain", "wave.due"]],
    [draining("goodbyes"), ["gateway.listening", "gateway.drain", "turns.ended", "socket.gone"]],
    [draining("drained"), ["gateway.listening", "gateway.drain", "turns.ended", "wave.due", "socket.gone"]],
  ];
  for (const [service, events] of wrong) for (const on of events) table.take({ in: up(service), on, to: up(service) });
});

test("a stopped gateway handles nothing", () => {
  const done: string[] = [];
  const note = (action: string) => () => void done.push(action);
  const actions = { adopt: note("adopt"), turnAway: note("turnAway"), fanOut: note("fanOut") };
  const gateway = createActor(gatewayMachine.provide({ actions }));
  gateway.start();
  gateway.send({ type: "gateway.stop" });
  for (const event of [opened, { type: "broadcast.made", broadcast }, { type: "gateway.stop" }] as const)
    gateway.send(event);
  assert.is(gateway.getSnapshot().value, "stopped");
  assert.equal(done, []);
});

test("these tests take every transition", () => assert.equal(table.missing(), []));

test.run();

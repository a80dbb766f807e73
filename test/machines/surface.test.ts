// The chart of a surface, transition by transition and over time: it asks its provider once per change, shows the
// answer, and always ends with the newest state.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createActor } from "xstate";
import { type SurfaceEvent, surfaceMachine } from "../../machines/surface.ts";
import { ChartTable } from "../support/chart-table.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("the surface's chart");
const context = { surfaceId: "s", conversationId: undefined, instance: 1 };
const table = new ChartTable({
  machine: surfaceMachine,
  guards: ["changesAreAnnounced", "changedMeanwhile"],
  context,
});

const asked = ["loading", "refreshing"] as const;
const phases = ["inTime", "outdated"] as const;
const everyState = [...asked.flatMap((name) => phases.map((phase) => ({ [name]: phase }))), "current", "failed"];

test("a spec that is built in time is shown to the viewers", () => {
  for (const name of asked) table.take({ in: { [name]: "inTime" }, on: "spec.built", to: "current", does: ["show"] });
});

test("several changes during a question count as one", () => {
  for (const name of asked) {
    table.take({ in: { [name]: "inTime" }, on: "surface.changed", to: { [name]: "outdated" } });
    table.take({ in: { [name]: "outdated" }, on: "surface.changed", to: { [name]: "outdated" } });
  }
});

test("a spec that is outdated by a change is shown, and the provider is asked once more", () => {
  const to = { refreshing: "inTime" };
  for (const name of asked)
    table.take({ in: { [name]: "outdated" }, on: "spec.built", to, does: ["show", "provider ← spec.wanted"] });
});

test("a failure is reported, and the subscription is kept", () => {
  for (const name of asked)
    table.take({ in: { [name]: "inTime" }, on: "spec.failed", to: "failed", does: ["reportFailure"] });
});

test("a change before a failure is not forgotten: the provider is asked once more", () => {
  const to = { loading: "inTime" };
  for (const name of asked)
    table.take({
      in: { [name]: "outdated" },
      on: "spec.failed",
      to,
      does: ["reportFailure", "provider ← spec.wanted"],
    });
});

test("a provider that does not answer in time is reported, and asked again if it has changed in the meantime", () => {
  for (const name of asked) {
    const on = `xstate.after.answerTime.surface.${name}`;
    table.take({ in: { [name]: "inTime" }, on, to: "failed", does: ["reportTimeout"] });
    const does = ["reportTimeout", "provider ← spec.wanted"];
    table.take({ in: { [name]: "outdated" }, on, if: ["changedMeanwhile"], to: { loading: "inTime" }, does });
  }
});

test("a change of the shown surface asks the provider", () => {
  table.take({ in: "current", on: "surface.changed", to: { refreshing: "inTime" }, does: ["provider ← spec.wanted"] });
});

test("a new viewer gets the current spec, or the provider is asked again if it does not announce changes", () => {
  const announced = { if: ["changesAreAnnounced"], to: "current", does: ["showToNewViewers"] };
  table.take({ in: "current", on: "viewer.joined", ...announced });
  table.take({ in: "current", on: "viewer.joined", to: { refreshing: "inTime" }, does: ["provider ← spec.wanted"] });
});

test("a new viewer waits for the spec that is being built", () => {
  for (const name of asked)
    for (const phase of phases) table.take({ in: { [name]: phase }, on: "viewer.joined", to: { [name]: phase } });
});

test("a failed surface: a late answer repairs it, a change or a viewer asks again, a second failure is ignored", () => {
  table.take({ in: "failed", on: "spec.built", to: "current", does: ["show"] });
  table.take({ in: "failed", on: "surface.changed", to: { loading: "inTime" }, does: ["provider ← spec.wanted"] });
  table.take({ in: "failed", on: "viewer.joined", to: { loading: "inTime" }, does: ["provider ← spec.wanted"] });
  table.take({ in: "failed", on: "spec.failed", to: "failed" });
});

test("an answer without a pending question does not change the shown surface", () => {
  for (const on of ["spec.built", "spec.failed"]) table.take({ in: "current", on, to: "current" });
});

test("it can be released in every state", () => {
  for (const state of everyState) table.take({ in: state, on: "surface.release", to: "released" });
});

test("these tests take every transition", () => assert.equal(table.missing(), []));

const clockRun = (...events: (SurfaceEvent["type"] | number)[]) => {
  const clock = new SimulatedClock();
  const done: string[] = [];
  const note = (action: string) => () => void done.push(`${action} ${clock.now()}`);
  const actions = {
    askProvider: note("ask"),
    show: note("show"),
    reportFailure: note("failure"),
    reportTimeout: note("timeout"),
  };
  const actor = createActor(surfaceMachine.provide({ actions }), { input: context, clock });
  actor.start();
  for (const event of events) {
    if (typeof event === "number") clock.advance(event);
    else actor.send({ type: event });
  }
  actor.send({ type: "surface.release" });
  return { done, value: actor.getSnapshot().value, pending: clock.pending };
};

test("a provider has ten seconds to answer, counted from the question and not from the change", () => {
  const { done } = clockRun(9_000, "surface.changed", 1_000);
  assert.equal(done, ["ask 0", "timeout 10000", "ask 10000"]);
});

test("a provider that never answers is reported once for each question", () => {
  const { done } = clockRun(30_000, "surface.changed", 30_000);
  assert.equal(done, ["ask 0", "timeout 10000", "ask 30000", "timeout 40000"]);
});

test("each new question has its own ten seconds", () => {
  const { done } = clockRun(6_000, "surface.changed", "spec.built", 6_000, "spec.built");
  assert.equal(done, ["ask 0", "show 6000", "ask 6000", "show 12000"]);
});

test("a released surface leaves no timer and handles nothing", () => {
  for (const events of [[], ["spec.built"], ["spec.failed"], ["surface.changed"]] as const) {
    const { value, pending } = clockRun(...events);
    assert.is(value, "released");
    assert.is(pending, 0);
  }
});

test("the machine runs without its implementations and has no side effects", () => {
  const clock = new SimulatedClock();
  const actor = createActor(surfaceMachine, { input: context, clock });
  actor.start();
  const events: SurfaceEvent["type"][] = ["spec.built", "viewer.joined", "surface.changed", "spec.failed"];
  for (const type of events) actor.send({ type });
  assert.is(actor.getSnapshot().value, "failed");
  actor.send({ type: "surface.changed" });
  clock.advance(10_000);
  assert.is(actor.getSnapshot().value, "failed");
});

test.run();

// Adoption: the end or failure of a child is reported once to its parent and its owner, however it ends, and to no
// other.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Actor, type AnyActorRef, createActor, setup, stopChild } from "xstate";
import { ActorRegistry } from "../../src/runtime/actor-registry.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("registry");

const childMachine = setup({
  types: { events: {} as { type: "end" } | { type: "fail" } },
  actions: {
    fail: () => {
      throw new Error("a defect");
    },
  },
}).createMachine({
  id: "child",
  initial: "alive",
  states: { alive: { on: { end: "ended", fail: { actions: "fail" } } }, ended: { type: "final" } },
});

const failingMachine = setup({
  actions: {
    fail: () => {
      throw new Error("at once");
    },
  },
}).createMachine({ id: "child", entry: "fail" });

function open() {
  const heard: string[] = [];
  const parentMachine = setup({
    types: {
      events: {} as
        | { type: "child.stop"; child: AnyActorRef }
        | { type: "xstate.done.actor.child"; output: unknown; actorId: string }
        | { type: "xstate.error.actor.child"; error: unknown; actorId: string },
    },
    actions: {
      done: () => void heard.push("done"),
      failed: () => void heard.push("failed"),
      stopIt: stopChild(({ event }) => (event.type === "child.stop" ? event.child : "none")),
    },
  }).createMachine({
    id: "parent",
    on: {
      "xstate.done.actor.child": { actions: "done" },
      "xstate.error.actor.child": { actions: "failed" },
      "child.stop": { actions: "stopIt" },
    },
  });
  const parent = createActor(parentMachine);
  parent.start();
  return { parent, heard, registry: new ActorRegistry(new SimulatedClock()) };
}

function adopt(registry: ActorRegistry, parent: AnyActorRef): { child: Actor<typeof childMachine>; ends: unknown[] } {
  const ends: unknown[] = [];
  const child = registry.adopt({
    parent,
    kind: "child",
    logic: childMachine,
    input: undefined,
    onEnd: (error) => ends.push(error),
  });
  return { child, ends };
}

test("a child that ends is reported once to its owner and to its parent", () => {
  const { parent, heard, registry } = open();
  const { child, ends } = adopt(registry, parent);
  assert.is(registry.count("child"), 1);
  child.send({ type: "end" });
  child.send({ type: "end" });
  assert.equal(ends, [undefined]);
  assert.equal(heard, ["done"]);
  assert.is(registry.count("child"), 0);
});

test("a child that throws is reported once with its error, and its siblings and parent keep running", () => {
  const { parent, heard, registry } = open();
  const broken = adopt(registry, parent);
  const sibling = adopt(registry, parent);
  broken.child.send({ type: "fail" });
  assert.equal(
    broken.ends.map((error) => error instanceof Error && error.message),
    ["a defect"],
  );
  assert.equal(heard, ["failed"]);
  assert.is(parent.getSnapshot().status, "active");
  assert.is(sibling.child.getSnapshot().status, "active");
  assert.equal(sibling.ends, []);
  assert.is(registry.count("child"), 1);
});

test("a child that is stopped by its parent is reported too", () => {
  const { parent, registry } = open();
  const { child, ends } = adopt(registry, parent);
  parent.send({ type: "child.stop", child });
  assert.equal(ends, [undefined]);
  assert.is(registry.count("child"), 0);
});

test("a child that fails at its start is reported before adopt returns", () => {
  const { parent, heard, registry } = open();
  const ends: unknown[] = [];
  registry.adopt({
    parent,
    kind: "child",
    logic: failingMachine,
    input: undefined,
    onEnd: (error) => ends.push(error),
  });
  assert.is(ends.length, 1);
  assert.equal(heard, ["failed"]);
  assert.is(registry.count("child"), 0);
});

test("adopted children are in the parent's system, but not among its children", () => {
  const { parent, registry } = open();
  const { child } = adopt(registry, parent);
  assert.is(child.system, parent.system);
  assert.equal(parent.getSnapshot().children, {});
  child.send({ type: "end" });
});

test("kinds are counted separately, and an unknown kind has count 0", () => {
  const { parent, registry } = open();
  adopt(registry, parent);
  assert.equal([registry.count("child"), registry.count("other")], [1, 0]);
});

test("the cost of adopting a child does not depend on the number of children", () => {
  const { parent, registry } = open();
  const cost = (count: number): number => {
    const startedAt = performance.now();
    for (let index = 0; index < count; index++) adopt(registry, parent);
    return (performance.now() - startedAt) / count;
  };
  cost(500);
  const early = cost(500);
  cost(5_000);
  const late = cost(500);
  process.stdout.write(`\n  µs a join: ${(early * 1_000).toFixed(0)} at 500, ${(late * 1_000).toFixed(0)} at 6,000\n`);
  assert.ok(late < 10 * early, `${early} ms, then ${late} ms`);
});

test.run();

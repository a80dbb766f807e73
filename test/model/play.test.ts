// play() does each step of a path and then asserts the state, in a fixture of its own for each path. It plays nothing
// when the implementation of the model is incomplete.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createMachine } from "xstate";
import { rejection } from "../support/rejection.ts";
import { type Implementation, misfits, play } from "./play.ts";
import { walk } from "./walk.ts";

const test = suite("model: play");

const door = createMachine({
  id: "door",
  initial: "open",
  states: { open: { on: { close: "closed" } }, closed: { on: { open: "open", lock: "locked" } }, locked: {} },
});

interface Fixture {
  done: string[];
}

function doorPlayer(all: string[][], broken: Record<string, () => void> = {}): Implementation<Fixture> {
  const note = (what: string) => (fixture: Fixture) => {
    fixture.done.push(what);
    broken[what]?.();
  };
  return {
    inFixture: async (run) => {
      const fixture = { done: [] };
      all.push(fixture.done);
      await run(fixture);
      note("taken down")(fixture);
    },
    states: { open: note("is open"), closed: note("is closed"), locked: note("is locked") },
    events: { open: note("open!"), close: note("close!"), lock: note("lock!") },
  };
}

test("each path has a fixture of its own, and each step is done before its states are asserted", async () => {
  const fixtures: string[][] = [];
  const { model, failures } = await play(walk(door), doorPlayer(fixtures));
  assert.equal(failures, []);
  const begin = ["is open", "close!", "is closed"];
  assert.equal(
    fixtures.sort((one, other) => one.join().localeCompare(other.join())),
    [
      [...begin, "lock!", "is locked", "taken down"],
      [...begin, "open!", "is open", "taken down"],
    ],
  );
  assert.equal(model, {
    name: "door",
    states: 3,
    transitions: 3,
    found: { shortest: 3, transition: 3, simple: 1 },
    paths: 2,
    steps: 4,
  });
});

test("every region's state is asserted after every step", async () => {
  const twin = createMachine({
    id: "twin",
    type: "parallel",
    states: { left: { initial: "up", states: { up: { on: { drop: "down" } }, down: {} } }, right: {} },
  });
  const asserted: string[] = [];
  const note = (what: string) => () => asserted.push(what);
  await play(walk(twin), {
    inFixture: (run) => run(undefined),
    states: { "left.up": note("left.up"), "left.down": note("left.down"), right: note("right") },
    events: { drop: note("drop!") },
  });
  assert.equal(asserted, ["left.up", "right", "drop!", "left.down", "right"]);
});

test("a state or event without an implementation fails before anything is played", async () => {
  const fixtures: string[][] = [];
  const { locked: _, ...states } = doorPlayer(fixtures).states;
  const { lock: __, ...events } = doorPlayer(fixtures).events;
  const lacking = { ...doorPlayer(fixtures), states, events };
  const { message } = await rejection(play(walk(door), lacking));
  assert.is(message, 'model door: no state "locked" is implemented\nmodel door: no event "lock" is implemented');
  assert.equal(fixtures, []);
});

test("an implementation of an event that the model does not have fails as well", async () => {
  const fixtures: string[][] = [];
  const whole = doorPlayer(fixtures);
  const events = { ...whole.events, knock: () => {} };
  assert.equal(misfits(walk(door), whole), []);
  const { message } = await rejection(play(walk(door), { ...whole, events }));
  assert.is(message, 'model door: the event "knock" is implemented, and the model has none');
  assert.equal(fixtures, []);
});

test("a failure names its path and step, and the other paths are still played", async () => {
  const fixtures: string[][] = [];
  const isWrong = () => assert.is("ajar", "locked", "the door");
  const { failures, model } = await play(walk(door), doorPlayer(fixtures, { "is locked": isWrong }));
  assert.equal(
    failures.map(({ model, path, step }) => ({ model, path, step })),
    [{ model: "door", path: "close, lock", step: "lock → locked" }],
  );
  assert.is(failures[0]?.message, "the door ('ajar' in place of 'locked')");
  assert.is(model.paths, 2);
});

test("a failure whose value contains a whole server is reported in one line", async () => {
  const server: Record<string, unknown> = { rooms: Array.from({ length: 500 }, (_, number) => ({ number })) };
  server["self"] = server;
  const fails = () => assert.is(server, undefined, "the server");
  const { failures } = await play(walk(door), doorPlayer([], { "is locked": fails }));
  const message = failures[0]?.message ?? "";
  assert.match(message, /^the server \(<ref \*1> \{ rooms: .* in place of undefined\)$/);
  assert.ok(message.length < 500, `${message.length} characters`);
});

test("a failure in the first state, in an event or in the teardown is reported like any other", async () => {
  const poison = () => {
    throw new Error("provoked");
  };
  const stepsOf = async (what: string): Promise<string[]> => {
    const { failures } = await play(walk(door), doorPlayer([], { [what]: poison }), { atOnce: 1 });
    assert.ok(failures.every(({ message }) => message === "provoked"));
    return failures.map(({ step }) => step).sort();
  };
  assert.equal(await stepsOf("is open"), ["start → open", "start → open"]);
  assert.equal(await stepsOf("lock!"), ["lock"]);
  assert.equal(await stepsOf("taken down"), ["after the last step", "after the last step"]);
});

test("a step that never ends times out", async () => {
  const player = doorPlayer([]);
  const events = { ...player.events, lock: () => new Promise(() => {}) };
  const { failures } = await play(walk(door), { ...player, events }, { stepDeadlineMs: 50 });
  assert.equal(
    failures.map(({ step, message }) => [step, message]),
    [["lock", "timed out after 50 ms waiting for lock"]],
  );
});

test("after failuresMax failures no further path begins", async () => {
  const fixtures: string[][] = [];
  const fails = () => assert.unreachable("always");
  const { failures, model } = await play(walk(door), doorPlayer(fixtures, { "close!": fails }), {
    atOnce: 1,
    failuresMax: 1,
  });
  assert.is(failures.length, 1);
  assert.is(model.paths, 1);
  assert.is(fixtures.length, 1);
});

test.run();

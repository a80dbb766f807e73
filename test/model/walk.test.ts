// The walker: its paths reach every state and take every transition of a model, its simple paths are those of
// xstate/graph, and it says no to a model that cannot be walked whole.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createMachine } from "xstate";
import { getSimplePaths } from "xstate/graph";
import { type Path, walk } from "./walk.ts";

const test = suite("model: walk");

/** A door that can be locked from either side, and a bell that changes nothing. */
const door = createMachine({
  id: "door",
  initial: "open",
  states: {
    open: { on: { close: "closed", ring: {} } },
    closed: { on: { open: "open", lock: "locked", ring: {} } },
    locked: { on: { unlock: "closed", break: "broken" } },
    broken: { type: "final" },
  },
});

const wordsOf = ({ steps }: Path): string => steps.map(({ event }) => event.type).join(" ");
const endOf = ({ first, steps }: Path): string => (steps.at(-1)?.states ?? first).join();

test("every state is reached, by a shortest path", () => {
  const { paths, stateNames, states, found } = walk(door, { simplePathsMax: 0 });
  assert.equal(stateNames, ["broken", "closed", "locked", "open"]);
  assert.is(states, 4);
  assert.is(found.shortest, 4);
  const visited = new Set(paths.flatMap(({ first, steps }) => [...first, ...steps.flatMap((step) => step.states)]));
  assert.equal([...visited].sort(), stateNames);
  const toBroken = paths.filter((path) => endOf(path) === "broken").map(wordsOf);
  assert.equal(toBroken, ["close lock break"]);
});

/** As `state event`. */
function takenBy(paths: readonly Path[]): string[] {
  const taken = new Set<string>();
  for (const { first, steps } of paths) {
    let at = first.join();
    for (const { event, states } of steps) {
      taken.add(`${at} ${event.type}`);
      at = states.join();
    }
  }
  return [...taken].sort();
}

const doorTransitions = [
  "closed lock",
  "closed open",
  "closed ring",
  "locked break",
  "locked unlock",
  "open close",
  "open ring",
];

test("every transition is taken at least once, also one that leads back to where it began", () => {
  const { paths, transitions, eventTypes } = walk(door, { simplePathsMax: 0 });
  assert.equal(eventTypes, ["break", "close", "lock", "open", "ring", "unlock"]);
  assert.equal(takenBy(paths), doorTransitions);
  assert.is(transitions, doorTransitions.length);
});

test("tours take every transition in few paths, none longer than may be unless its first one is far away", () => {
  for (const [tourStepsMax, tours] of [
    [20, ["close lock break", "ring close open close ring lock unlock"]],
    [3, ["close lock break", "ring close open", "close ring", "close lock unlock"]],
    [1, ["close", "ring", "close lock", "close open", "close ring", "close lock break", "close lock unlock"]],
  ] as const) {
    const { paths } = walk(door, { tourStepsMax });
    assert.equal(paths.map(wordsOf), tours);
    assert.equal(takenBy(paths), doorTransitions);
  }
});

test("a path that is the beginning of another is played with that one", () => {
  const words = walk(door, { simplePathsMax: 0 }).paths.map(wordsOf);
  for (const one of words)
    assert.not.ok(
      words.some((other) => other !== one && other.startsWith(`${one} `)),
      one,
    );
});

test("unbounded simple paths are those of xstate/graph, without the beginnings of others", () => {
  const town = createMachine({
    id: "town",
    type: "parallel",
    states: {
      lamp: { initial: "off", states: { off: { on: { light: "on" } }, on: { on: { dim: "off" } } } },
      gate: {
        initial: "shut",
        states: { shut: { on: { lift: "up" } }, up: { on: { drop: "shut", jam: "stuck" } }, stuck: {} },
      },
    },
  });
  const events = ["light", "dim", "lift", "drop", "jam"].map((type) => ({ type }));
  const theirs = getSimplePaths(town, { events, filterEvents: (snapshot, event) => snapshot.can(event) })
    .map(({ steps }) =>
      steps
        .slice(1)
        .map(({ event }) => event.type)
        .join(" "),
    )
    .sort();
  const longest = theirs.filter((one) => !theirs.some((other) => other.startsWith(`${one} `)) && one !== "");
  const { paths, found } = walk(town, { simplePathsMax: 1_000 });
  const played = paths.map(wordsOf);
  const simple = paths.filter(({ kind }) => kind === "simple").map(wordsOf);
  assert.is(found.simple, longest.length);
  for (const words of longest)
    assert.ok(
      played.some((one) => `${one} `.startsWith(`${words} `)),
      `"${words}" is played`,
    );
  for (const words of simple) assert.ok(longest.includes(words), `"${words}" is a simple path`);
});

test("of too many simple paths the same sample is played each time, none longer than may be", () => {
  const dial = createMachine({
    id: "dial",
    type: "parallel",
    states: Object.fromEntries(
      ["a", "b", "c"].map((name) => [
        name,
        {
          initial: "0",
          states: {
            0: { on: { [`${name}.up`]: "1" } },
            1: { on: { [`${name}.up`]: "2", [`${name}.down`]: "0" } },
            2: { on: { [`${name}.down`]: "1" } },
          },
        },
      ]),
    ),
  });
  const bounds = { simplePathsMax: 40, simplePathLengthMax: 9 };
  const { paths, found } = walk(dial, bounds);
  assert.equal(walk(dial, bounds).paths, paths);
  const simple = paths.filter(({ kind }) => kind === "simple");
  assert.ok(found.simple > 1_000, `${found.simple} are counted`);
  assert.is(simple.length, 40);
  for (const { first, steps } of simple) {
    assert.ok(steps.length <= 9);
    const visited = [first, ...steps.map(({ states }) => states)].map(String);
    assert.is(new Set(visited).size, visited.length, "no state twice");
  }
});

test("an event with fields stands in for the bare one of its type", () => {
  const scale = createMachine({ id: "scale", context: {}, initial: "on", states: { on: { on: { weigh: {} } } } });
  const { paths } = walk(scale, { events: [{ type: "weigh" }, Object.assign({ type: "weigh" }, { grams: 5 })] });
  assert.equal(paths.map(({ steps }) => steps[0]?.event).sort(), [{ type: "weigh" }, { type: "weigh", grams: 5 }]);
});

test("a state that no path reaches is an error that names it", () => {
  const island = createMachine({ id: "island", initial: "shore", states: { shore: {}, volcano: {} } });
  assert.throws(() => walk(island), "model island: no path reaches volcano");
});

test("a model with too many states is refused", () => {
  assert.throws(() => walk(door, { statesMax: 3 }), "model door: 4 states, at most 3: make it smaller");
});

test.run();

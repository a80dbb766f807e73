// walk(): its paths reach every state and take every transition of a model, its simple paths are those of xstate/graph,
// and it refuses a model that it cannot walk completely.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createMachine } from "xstate";
import { getSimplePaths } from "xstate/graph";
import { type Path, walk } from "./walk.ts";

const test = suite("model: walk");

/** A door that can be locked, and then broken, and a bell that changes nothing. */
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

/** The transitions that the paths take, each as `state event`. */
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

test("every transition is taken at least once, also one that does not leave its state", () => {
  const { paths, transitions, eventTypes } = walk(door, { simplePathsMax: 0 });
  assert.equal(eventTypes, ["break", "close", "lock", "open", "ring", "unlock"]);
  assert.equal(takenBy(paths), doorTransitions);
  assert.is(transitions, doorTransitions.length);
});

test("few tours take every transition, and only one with a distant first transition exceeds the maximum length", () => {
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

test("a path that is the beginning of another one is played as part of it", () => {
  const words = walk(door, { simplePathsMax: 0 }).paths.map(wordsOf);
  for (const one of words)
    assert.not.ok(
      words.some((other) => other !== one && other.startsWith(`${one} `)),
      one,
    );
});

test("without a bound, the simple paths are those of xstate/graph that are not the beginning of another one", () => {
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

test("when there are too many simple paths, the same sample within the maximum length is played each time", () => {
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

test("events with fields replace the bare event of their type", () => {
  const scale = createMachine({ id: "scale", context: {}, initial: "on", states: { on: { on: { weigh: {} } } } });
  const { paths } = walk(scale, { events: [{ type: "weigh" }, Object.assign({ type: "weigh" }, { grams: 5 })] });
  assert.equal(paths.map(({ steps }) => steps[0]?.event).sort(), [{ type: "weigh" }, { type: "weigh", grams: 5 }]);
});

test("a state that no path reaches causes an error that names the state", () => {
  const island = createMachine({ id: "island", initial: "shore", states: { shore: {}, volcano: {} } });
  assert.throws(() => walk(island), "model island: no path reaches volcano");
});

test("a model with too many states is refused", () => {
  assert.throws(() => walk(door, { statesMax: 3 }), "model door: 4 states, at most 3: make it smaller");
});

test.run();

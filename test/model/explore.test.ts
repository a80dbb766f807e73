// The exploration finds no problem in the charts as they are, is complete within its bounds, and tries what servers do.
// It finds every fault that is built into its data plane, by a path that a person can follow.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import { simulate } from "../simulation/simulate.ts";
import { chosenSeed } from "../support/seed.ts";
import { charts } from "./charts.ts";
import { untried } from "./conformance/triples.ts";
import { Conformance } from "./conformance.ts";
import { explore, printed } from "./explore.ts";
import { playRandomHistories } from "./random.ts";
import { exploreScope, type Violation } from "./world/exploration.ts";
import { scopes, smallScopes } from "./world/scopes.ts";
import { type Bounds, type Breakage, Explored, type World } from "./world.ts";

const test = suite("everything that can happen");

const scope = (name: string): Bounds => {
  const found = scopes.find((one) => one.name === name);
  if (!found) throw new Error(`there is no scope "${name}"`);
  return found;
};

const { sabotageEvery } = budgets.model;
const talk = { ...scope("two queue texts"), agentEvents: 1, signalsUnderWay: 2 };
const slow = scope("a slow socket beside a fast one");
const look = scope("two look at one surface, whose provider may fail");
const broadcast = scope("broadcasts, and sockets that come and go");

/** Each fault: the bounds to search, the problem that must be reported, and the most steps that the path may have. */
const faults: { breakage: Breakage; bounds: Bounds; says: RegExp; stepsMost: number }[] = [
  { breakage: "delivers twice", bounds: talk, says: /in the order they were emitted, each once/, stepsMost: 8 },
  { breakage: "begins late", bounds: talk, says: /in the order they were emitted, each once/, stepsMost: 8 },
  { breakage: "speaks after done", bounds: talk, says: /after t1 was cancelled/, stepsMost: 4 },
  { breakage: "forgets the seal", bounds: talk, says: /t1 is never sealed/, stepsMost: 6 },
  {
    breakage: "loses a queued text",
    bounds: talk,
    says: /does not show the texts that waited: .*"text 2"/,
    stepsMost: 6,
  },
  { breakage: "forgets to catch up", bounds: slow, says: /lagging|never came/, stepsMost: 12 },
  {
    breakage: "never stops asking",
    bounds: { ...talk, queuedTexts: 0, turns: 1 },
    says: /never comes to an end/,
    stepsMost: 8,
  },
  {
    breakage: "delivers after the unsubscribe",
    bounds: { ...talk, slicedWalks: true },
    says: /nothing after an unsubscribe/,
    stepsMost: 11,
  },
  { breakage: "takes late answers", bounds: look, says: /versions never go back/, stepsMost: 14 },
  { breakage: "updates before the surface", bounds: look, says: /an update came before the surface/, stepsMost: 5 },
  {
    breakage: "spares congested sockets the broadcast",
    bounds: broadcast,
    says: /a broadcast reaches every socket/,
    stepsMost: 14,
  },
];

for (const { breakage, bounds, says, stepsMost } of faults.filter((_, index) => index % sabotageEvery === 0))
  test(`the exploration finds a data plane that ${breakage}`, () => {
    const { violations } = exploreScope({ bounds, deadlineMs: 20_000, breakage, violationsMost: 8 });
    const found = violations.find(({ problem }) => says.test(problem));
    assert.ok(found, `only found: ${violations.map(({ problem }) => problem).join("; ")}`);
    assert.ok(found.path.length <= stepsMost, `${found.path.length} steps:\n${found.path.join("\n")}`);
    assert.ok(isToldStepByStep(found), found.path.join("\n"));
  });

const isToldStepByStep = ({ path }: Violation): boolean =>
  path.length > 0 && path.every((step, index) => step.startsWith(`${index + 1}. `) && /\n +A: /.test(step));

/** The world after the steps with these words. */
function after(explored: Explored, ...words: string[]): World {
  let world = explored.initial();
  for (const word of words) {
    const step = explored.stepsFrom(world).find((one) => one.words === word);
    assert.ok(step, `"${word}" cannot happen; possible steps: ${explored.stepsFrom(world).map((one) => one.words)}`);
    world = explored.take(world, step).world;
  }
  return world;
}

test("states that differ only by swapped sockets have the same key; different states have different keys", () => {
  const explored = new Explored(talk);
  const a = explored.keyOf(after(explored, "A sends a text", "B subscribes to the conversation"));
  const b = explored.keyOf(after(explored, "B sends a text", "A subscribes to the conversation"));
  const c = explored.keyOf(after(explored, "A sends a text"));
  assert.is(a, b);
  assert.is.not(a, c);
  assert.is.not(c, explored.keyOf(explored.initial()));
});

test("a step does not change the state that it starts from", () => {
  const explored = new Explored(talk);
  const world = after(explored, "A sends a text", "B subscribes to the conversation", "A's watch is let in");
  const before = JSON.stringify(world);
  for (const step of explored.stepsFrom(world)) explored.take(world, step);
  assert.is(JSON.stringify(world), before);
});

test("a turn that every watcher has seen is forgotten: one such turn and two lead to the same state", () => {
  const explored = new Explored({ ...talk, sockets: 1 });
  const heard = [
    "A subscribes to the conversation",
    "A's watch is let in",
    "the signal watch.admitted reaches A's watch",
  ];
  const live = [...heard, "the signal cursor.reachedEnd reaches A's watch"];
  const turn = [
    "A sends a text",
    "the agent finishes",
    "what has gathered is flushed to the live set",
    "the feed looks whether it is still needed",
  ];
  const once = explored.keyOf(after(explored, ...live, ...turn));
  const twice = explored.keyOf(after(explored, ...live, ...turn, ...turn));
  assert.is(once, twice);
});

test("a chart computes each event in each state once, and answers as the machine does", () => {
  const explored = new Explored(talk);
  const { watch } = explored.charts;
  const joining = watch.begin().to;
  const first = watch.step(joining, { type: "socket.congested" });
  assert.is(watch.step(joining, { type: "socket.congested" }), first);
  assert.ok(watch.isIn(first.to, "lagging"));
  assert.ok(watch.reachedTransitions.has("watch.joining socket.congested 0"));
});

test("an event in a state that lists it as impossible, or does not list it, is a problem", () => {
  const { watch } = new Explored(talk).charts;
  assert.match(
    watch.step(watch.begin().to, { type: "cursor.reachedEnd" }).unexpected ?? "",
    "cursor.reachedEnd (never)",
  );
  assert.match(watch.step(watch.begin().to, { type: "no.such.event" }).unexpected ?? "", "unlisted");
  assert.is(watch.step(watch.begin().to, { type: "socket.drained" }).unexpected, undefined);
});

test("an exploration that is not finished by its deadline reports that it is incomplete", () => {
  const { complete, states } = exploreScope({ bounds: slow, deadlineMs: 0 });
  assert.is(complete, false);
  assert.is(states, 1);
});

const seed = chosenSeed("steps of a server");
let tried: ReadonlySet<string> = new Set();

test("every promise holds in every reachable state", () => {
  const { isWholeExploration } = budgets.model;
  const report = explore({ bounds: isWholeExploration ? scopes : smallScopes });
  const words = printed(report);
  assert.equal(report.violations, [], words);
  assert.ok(report.complete, words);
  assert.is(report.circling, 0, "inner steps form a cycle");
  assert.ok(report.states > 150_000 && report.transitions > 600_000, words);
  for (const { name, states } of report.scopes) assert.ok(states > 1_000, `${name}: only ${states} states`);
  for (const { chart, states } of report.reached) assert.ok(states > 0, `${chart} was not reached`);
  tried = report.triples;
});

test("a running server takes no step that the exploration has not taken, unless it is listed", async () => {
  const watched = new Conformance(charts);
  const { conformance } = budgets.model;
  await simulate({ seed, seeds: conformance.seeds, sabotage: ({ gateway }) => watched.watch(gateway.root) });
  for (const embedded of [false, true])
    await playRandomHistories({ seed, runs: conformance.histories, embedded, watch: watched.watch });
  assert.equal(untried(watched.triples, tried), []);
  assert.ok(watched.triples.size > 100, `only ${watched.triples.size} different steps`);
});

test.run();

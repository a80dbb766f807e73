// Tests the checkers: a fault in a chart must be found by what sees effects, or be listed with the reason why it is
// not. A sample of all faults is judged here; `npm run model` judges all of them.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import { Dice } from "../support/dice.ts";
import { chosenSeed } from "../support/seed.ts";
import { transitionKeysOf } from "../support/transition-keys.ts";
import { charts } from "./charts.ts";
import type { Mutant } from "./mutants/generate.ts";
import { hasty, judgeByPaths } from "./mutants/judges.ts";
import { allMutants } from "./mutants.ts";
import { excused, judgeMutants, layers, problemsOf, rowsOf, staleKeys, type Verdict } from "./mutation.ts";

const test = suite("model: mutants");

const mutants = allMutants();
const { mutantsExplored, mutantsPlayed } = budgets.model;

/** Different mutants, the same for the same seed. */
function sample(from: readonly Mutant[], count: number): Mutant[] {
  const dice = new Dice(chosenSeed("mutants"));
  const left = [...from];
  const taken = Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(dice.whole(0, left.length - 1), 1),
  );
  return taken.flat();
}

test("each transition of each chart is deleted once, and no two mutants have the same name", () => {
  for (const machine of charts) {
    const deleted = mutants.filter(({ chart, kind }) => chart === machine.id && kind === "deleted");
    assert.equal(deleted.map(({ place }) => place).sort(), transitionKeysOf(machine).sort());
  }
  assert.is(new Set(mutants.map(({ key }) => key)).size, mutants.length);
});

test("a mutant differs from its chart in its place only", () => {
  const mutant = mutants.find(({ key }) => key === "watch.live exit without leaveLive");
  assert.equal(mutant?.machine.root.states["live"]?.exit, []);
  const deleted = mutants.find(({ key }) => key === "watch.live cursor.fellBehind 0 deleted");
  const own = charts.find(({ id }) => id === "watch");
  const lost = "watch.live cursor.fellBehind 0";
  assert.equal(
    deleted && transitionKeysOf(deleted.machine),
    own && transitionKeysOf(own).filter((key) => key !== lost),
  );
});

test("each excuse is for a mutant that exists", () => assert.equal(staleKeys(mutants), []));

test("of a sample, the exploration finds a quarter by their effects, before any chart speaks for itself", async () => {
  const verdicts = await judgeMutants(sample(mutants, mutantsExplored), { plays: "none" });
  const found = verdicts.filter(({ layer }) => layer === "exploration");
  assert.ok(found.length > mutantsExplored / 4, `${found.length} of ${mutantsExplored}`);
  const rows = rowsOf(verdicts);
  const sum = rows.reduce((all, { by }) => all + layers.reduce((some, layer) => some + by[layer], 0), 0);
  assert.is(sum, mutantsExplored);
});

// In the short form it would take longer than all others together.
if (mutantsPlayed > 0)
  test("of others, the paths on real sockets find each one that is not excused", async () => {
    const among = mutants.filter(({ key, chart }) => (chart === "surface" || chart === "turn") && !excused.has(key));
    const unseen = (await judgeMutants(sample(among, 5 + 3 * mutantsPlayed), { plays: "none" })).filter(isUnseen);
    const chosen = unseen.slice(0, mutantsPlayed).map(({ mutant }) => mutant);
    assert.ok(chosen.length > 0);
    const found = await judgeByPaths(chosen, undefined, hasty);
    assert.equal([...found.keys()].sort(), chosen.map(({ key }) => key).sort());
  });

const isUnseen = ({ layer }: Verdict): boolean => layer === "claims" || layer === "nobody";

test("a fault that nobody sees is a problem, and so is an excuse for one that is seen", () => {
  const [mutant] = mutants.filter(({ key }) => !excused.has(key));
  const [listed] = mutants.filter(({ key }) => excused.has(key));
  assert.ok(mutant && listed);
  const verdict = (one: Mutant, layer: Verdict["layer"]): Verdict => ({ mutant: one, layer, because: "so" });
  assert.match(problemsOf([verdict(mutant, "claims")])[0] ?? "", /^nobody sees the effect of the mutant/);
  assert.match(problemsOf([verdict(listed, "paths")])[0] ?? "", /is listed in mutants\/unseen.ts, and paths finds it/);
  assert.equal(problemsOf([verdict(mutant, "paths"), verdict(listed, "nobody")]), []);
});

test.run();

// The simulation with every limit at its smallest. SEED=… sets the first seed.
import "./simulated-limits.ts";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import { inWords, simulate } from "../simulation/simulate.ts";
import { limits } from "../simulation/world.ts";
import { chosenSeed } from "../support/seed.ts";

const test = suite("smallest limits: simulation");

test("a server that sends one event at a time and runs one turn at a time keeps every promise", async () => {
  assert.is(limits.catchUpSliceBytes + limits.outstandingBytesMax + limits.runningTurnsMax + limits.commandsBurst, 4);
  const seed = chosenSeed("simulation on the smallest limits");
  const { failures, ...figures } = await simulate({ seed, seeds: budgets.smallest.simulationSeeds });
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  assert.is(failures.map(inWords).join("\n"), "");
  assert.ok(figures.turns >= figures.seeds / 4, JSON.stringify(figures));
});

test.run();

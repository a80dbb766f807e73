// Bytes, messages and requests that nobody should send (`npm run fuzz -- --frames 10000000` sends more): the server
// neither crashes nor grows, and nobody but the sender is harmed.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import { chosenSeed } from "../support/seed.ts";
import { playFuzz } from "./play.ts";

const test = suite("fuzz");

const seed = chosenSeed("fuzz");

test("no crash, no growth, and no socket harmed but the sender's", async () => {
  const { faults, ...figures } = await playFuzz({ seed, framesLeast: budgets.fuzzFrames });
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  assert.equal(faults, []);
  assert.ok(figures.requests > budgets.fuzzFrames / 4_000 && figures.pongs > 2, JSON.stringify(figures));
});

test.run();

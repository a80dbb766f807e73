// Sends bytes, messages and requests that no client should send (`npm run fuzz -- --frames 10000000` sends more). The
// server must neither crash nor grow, and only the sender may be harmed.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import { chosenSeed } from "../support/seed.ts";
import { playFuzz } from "./play.ts";

const test = suite("fuzz");

const seed = chosenSeed("fuzz");

test("hostile input causes no crash, no growth and no harm to other sockets", async () => {
  const { faults, ...figures } = await playFuzz({ seed, framesLeast: budgets.fuzzFrames });
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  assert.equal(faults, []);
  assert.ok(figures.requests > budgets.fuzzFrames / 4_000 && figures.pongs > 2, JSON.stringify(figures));
});

test.run();

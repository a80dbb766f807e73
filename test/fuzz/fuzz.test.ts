// Bytes, messages and requests that nobody should send (`npm run fuzz -- --frames 10000000` sends more): the server
// neither crashes nor grows, and nobody but the sender is harmed.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import { playFuzz } from "./play.ts";

const test = suite("fuzz");

const given = process.env["SEED"];
const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
process.stdout.write(`fuzz: SEED=${seed}\n`);

test("no crash, no growth, and no socket harmed but the sender's", async () => {
  const { faults, ...figures } = await playFuzz({ seed, framesLeast: budgets.fuzzFrames });
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  assert.equal(faults, []);
  assert.ok(figures.requests > budgets.fuzzFrames / 4_000 && figures.pongs > 2, JSON.stringify(figures));
});

test.run();

// Real sockets are cut, stalled and throttled at random points. Every client must end with exactly the text that was
// generated. `node test/network/chaos.ts --minutes 5 --seed 1` runs longer, or repeats a failing seed.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import type { DeltaEvent, Message } from "../support/client.ts";
import { chosenSeed } from "../support/seed.ts";
import { playChaos } from "./chaos/chaos.ts";
import { View } from "./chaos/view.ts";

const test = suite("network: chaos");

const delta = (seq: number, type: string, text = "", fromSeq = seq): [Message, DeltaEvent] => [
  { type: "chat.delta", epoch: "e", seq, ...(fromSeq !== seq && { fromSeq }) },
  { type, conversationId: "c", turnId: "t", delta: text },
];

test("the checker finds a lost event, a repeated one, and one after the seal", () => {
  const view = new View();
  for (const [seq, text] of [
    [1, "a"],
    [2, "b"],
  ] as const)
    view.take(...delta(seq, "text-delta", text));
  view.resumed();
  assert.throws(() => view.take(...delta(4, "text-delta", "d")), /after .*"seq":2.* came .*"seq":4/);
  assert.throws(() => view.take(...delta(2, "text-delta", "b")), /came .*"seq":2/);
  assert.throws(() => view.take(...delta(3, "text-delta", "bc", 2)), /"fromSeq":2/);
  view.take(...delta(3, "turn-sealed"));
  assert.throws(() => view.take(...delta(4, "text-delta", "x")), /went on after its seal/);
  assert.is(view.turns.get("t")?.text, "ab");
});

test("every client ends with exactly the text that was generated", async () => {
  const seed = chosenSeed("chaos");
  const report = await playChaos({ seed, forMs: budgets.network.chaosMs, least: { turns: 10, recovered: 20 } });
  process.stdout.write(`chaos: ${JSON.stringify(report)}\n`);
});

test.run();

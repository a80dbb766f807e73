// The memory cost of a turn log, measured in a process of its own. Design 3 promises about 60 bytes for a delta, and
// the limits on logs rely on the log's own count of its bytes.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import type { LoggedEvent } from "../../src/ports/orchestrator.ts";
import { TurnLog } from "../../src/streams/turn-log.ts";

const test = suite("turn log: memory");

const head = { conversationId: "0c9fa2f6-4fcb-4d3a-8f5e-7a6a1d9f3f11", turnId: "5f0a7c54-9f43-4a5e-8a0a-0d4b6f2f7f65" };
const text = (delta: string): LoggedEvent => ({ type: "text-delta", ...head, delta });

setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");

function held(): number {
  if (typeof collect !== "function") throw new Error("the garbage collector cannot be called");
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Bytes per event: the growth of the process's memory, and the log's own count. */
function measure(name: string, count: number, make: (index: number) => LoggedEvent): { real: number; counted: number } {
  new TurnLog("warm", limits).append(make(0));
  const before = held();
  const log = new TurnLog("e", limits);
  for (let index = 0; index < count; index++) log.append(make(index));
  const real = (held() - before) / count;
  const counted = log.bytes / count;
  process.stdout.write(`\n  bytes an event, ${name}: ${real.toFixed(1)} held, ${counted.toFixed(1)} counted\n`);
  assert.is(log.seq, count);
  return { real, counted };
}

test("a delta of 40 characters costs little more than its text", () => {
  const delta = "forty characters of text in every delta.";
  const { real, counted } = measure("deltas of 40 characters", 500_000, () => text(delta));
  assert.ok(real < 80, `${real} bytes`);
  assert.ok(counted < 80, `${counted} bytes`);
});

test("the log's own count is close to its real size, whatever the events", () => {
  const kinds: [string, number, (index: number) => LoggedEvent][] = [
    ["deltas of 5 characters", 500_000, () => text("word ")],
    [
      "text and reasoning by turns",
      50_000,
      (index) => (index % 2 ? text("a") : { ...text("b"), type: "reasoning-delta" }),
    ],
    ["tool output of 40 characters", 50_000, () => ({ type: "tool-output", ...head, data: "x".repeat(40) })],
    ["deltas with fields of their own", 50_000, () => ({ ...text("word"), extra: 1 })],
  ];
  for (const [name, count, make] of kinds) {
    const { real, counted } = measure(name, count, make);
    assert.ok(real < 1.6 * counted && counted < 1.6 * real, `${name}: ${real} held, ${counted} counted`);
  }
});

test.run();

// The queue between a running tool and the agent that yields its output.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { AsyncQueue } from "../../../src/embedded/agents/async-queue.ts";
import { within } from "./harness.ts";

const queueSuite = suite("async queue");

async function readAll<Item>(queue: AsyncQueue<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of queue) items.push(item);
  return items;
}

queueSuite("items pushed before and during reading come out in order", async () => {
  const queue = new AsyncQueue<number>();
  queue.push(1);
  const reading = readAll(queue);
  await new Promise((resolve) => setImmediate(resolve));
  queue.push(2);
  queue.push(3);
  await new Promise((resolve) => setImmediate(resolve));
  queue.push(4);
  queue.close();
  assert.equal(await within(reading), [1, 2, 3, 4]);
});

queueSuite("an item pushed while the reader handles another one is read too", async () => {
  const queue = new AsyncQueue<number>();
  queue.push(1);
  const seen: number[] = [];
  await within(
    (async () => {
      for await (const item of queue) {
        seen.push(item);
        if (item < 3) queue.push(item + 1);
        else queue.close();
      }
    })(),
  );
  assert.equal(seen, [1, 2, 3]);
});

queueSuite("after closing, no new item is accepted and queued items are still read", async () => {
  const queue = new AsyncQueue<string>();
  queue.push("a");
  queue.close();
  queue.push("b");
  assert.equal(await within(readAll(queue)), ["a"]);
});

queueSuite.run();

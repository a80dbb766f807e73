// What a store must do on a disk that fills up and is freed again. The caller provides the disk: its own small file
// system where one can be mounted, otherwise a database with a maximum size.
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { type Logger, silentLogger } from "../../src/ports/logger.ts";
import { type Store, StoreError } from "../../src/ports/store.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { SimulatedClock } from "./clock.ts";
import { created, said } from "./store-rows.ts";

export interface Disk {
  open(options: { clock: Clock; logger: Logger; onFailure: (failure: StoreError | undefined) => void }): Store;
  /** Leaves at most this many bytes free. */
  fill(leavingBytes: number): void;
  free(): void;
}

const KiB = 1024;

export function provesFullDisk(disk: Disk): void {
  const clock = new SimulatedClock();
  const heard: boolean[] = [];
  const onFailure = (failure: StoreError | undefined): void => {
    heard.push(failure !== undefined);
  };
  const store = disk.open({ clock, logger: silentLogger, onFailure });
  const isFull = (error: unknown): boolean => error instanceof StoreError && /disk is full/.test(error.message);
  const seqs = (): number[] => store.chunks("a").map(({ seq }) => seq);

  store.attempt([created("a"), said("a", "first")]);
  disk.fill(128 * KiB);
  let texts = 1;
  while (!store.failure && texts < 2_000) {
    store.append([said("a", "x".repeat(8 * KiB))]);
    clock.settle();
    texts += 1;
  }
  assert.ok(isFull(store.failure), `failure: ${store.failure}`);
  assert.equal(heard, [true]);
  assert.is(store.flush(), false);
  assert.throws(() => store.attempt([said("a", "refused")]), isFull);
  store.append([said("a", "late"), said("b", "late")]);
  texts += 1;
  assert.is(store.latestSeq("a"), texts, "pending chunks count");
  assert.is(store.latestSeq("b"), 1);
  const committed = seqs();
  assert.ok(committed.length >= 1 && committed.length < texts, "reads return the committed chunks");
  assert.is(store.conversation("a")?.id, "a");
  clock.advance(5 * limits.sealRetryMs);
  assert.equal(heard, [true], "onFailure is not called again while nothing changes");
  assert.is(clock.pending, 1, "one retry at a time");

  disk.free();
  clock.advance(limits.sealRetryMs);
  assert.is(store.failure, undefined);
  assert.equal(heard, [true, false]);
  assert.is(clock.pending, 0);
  const all = store.chunks("a");
  assert.is(all.length, texts);
  assert.equal(
    all.map(({ seq }) => seq),
    Array.from({ length: texts }, (_, at) => at + 1),
  );
  assert.equal(all.at(-1)?.chunk, { type: "text", text: "late" });
  assert.is(store.chunks("b").length, 1);

  // Space for small writes is not enough for the failed one: the store must not alternate between failing and working.
  disk.fill(256 * KiB);
  const large = said("a", "y".repeat(2_048 * KiB));
  assert.throws(() => store.attempt([large]), isFull);
  clock.advance(3 * limits.sealRetryMs);
  assert.ok(isFull(store.failure));
  assert.equal(heard, [true, false, true]);
  disk.free();
  clock.advance(limits.sealRetryMs);
  assert.equal(heard, [true, false, true, false]);
  store.attempt([large]);
  store.close();

  const again = disk.open({ clock, logger: silentLogger, onFailure });
  assert.is(again.latestSeq("a"), texts + 1);
  assert.is(again.chunks("a").length, texts + 1);
  again.close();
}

// The one interface to time, so that a test can control it. Nothing else in src/ may call Date.now, performance.now,
// setTimeout, setInterval or setImmediate.
import { performance } from "node:perf_hooks";
import type { Limits } from "../limits.ts";
import { LoopBudget, type LoopBudgetOptions } from "./loop-budget.ts";

export type Timer = unknown;

export interface Clock {
  /** Wall-clock time, milliseconds since the epoch; may jump. For times that people or files see. */
  wall(): number;
  /** Monotonic milliseconds from an arbitrary start. For deadlines and durations. */
  now(): number;
  setTimeout(run: () => void, delayMs: number): Timer;
  clearTimeout(timer: Timer): void;
  /** Runs the callback after pending input, in the next loop turn or, when that is full, in a later one. In order. */
  defer(run: () => void): void;
}

/** Node's event loop. */
export const nodeLoop: Pick<LoopBudgetOptions, "soon" | "now" | "turn"> = {
  soon: (run) => setImmediate(run),
  now: () => performance.now(),
  turn: () => performance.nodeTiming.uvMetricsInfo.loopCount,
};

/** The system's clock. Each one budgets its own deferred work, apart from that of other clocks. */
export function createSystemClock(limits: Pick<Limits, "deferredMsPerLoopTurn" | "deferredWaitMsMax">): Clock {
  const { deferredMsPerLoopTurn: turnMs, deferredWaitMsMax: waitMsMax } = limits;
  const turns = new LoopBudget({ ...nodeLoop, turnMs, waitMsMax });
  return {
    wall: () => Date.now(),
    now: () => performance.now(),
    setTimeout: (run, delayMs) => setTimeout(run, delayMs),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
    defer: (run) => turns.defer(run),
  };
}

/** A promise that resolves after delayMs, or at once when the signal is aborted (never rejects). */
export function sleep(clock: Omit<Clock, "defer">, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = (): void => {
      clock.clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = clock.setTimeout(wake, delayMs);
    signal?.addEventListener("abort", wake, { once: true });
  });
}

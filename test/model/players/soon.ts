// Waits for what the server does within a few turns of its event loop. Every wait has a deadline.
import * as assert from "uvu/assert";
import { DeadlineError } from "../../support/deadline.ts";

/** Higher: a fault is reported later. Lower: good paths fail on a busy machine. PATIENCE_MS is for seeded faults. */
export const soonMs = Number(process.env["PATIENCE_MS"] ?? 5_000);
/** Probes that are one loop turn apart. Later ones are 1 ms apart. */
const quickLooks = 50;

const loopTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

/** Waits a few turns of the event loop, so that deferred work runs, and the work that it defers in turn. */
export async function rest(turns = 6): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await loopTurn();
}

/** Repeats the probe, and returns its first result that is neither undefined nor false. */
export async function soon<Found>(
  probe: () => Found | undefined | false,
  what: string | (() => string),
): Promise<Found> {
  const until = performance.now() + soonMs;
  for (let look = 0; ; look++) {
    const found = probe();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > until)
      throw new DeadlineError(`timed out waiting for ${typeof what === "string" ? what : what()}`);
    await (look < quickLooks ? loopTurn() : pause());
  }
}

/** Waits until the value is as expected, and asserts that it still is after a few more turns of the event loop. */
export async function comesTo(read: () => unknown, expected: unknown, what: string): Promise<void> {
  const text = JSON.stringify(expected);
  const isSo = (value: unknown): boolean => value === expected || JSON.stringify(value) === text;
  await soon(
    () => isSo(read()),
    () => `${what} to be ${shown(expected)}: it is ${shown(read())}`,
  );
  await rest();
  const value = read();
  assert.ok(isSo(value), `${what} does not stay ${shown(expected)}: it is ${shown(value)}`);
}

/** The value as JSON. Of a long text, only the beginning and the end. */
function shown(value: unknown): string {
  const text = String(JSON.stringify(value));
  return text.length <= 400 ? text : `${text.slice(0, 150)} … ${text.slice(-150)} (${text.length} characters)`;
}

// The watches of one socket on surfaces, and the specs that came for each (protocol 1.1, 1.5.4). Must never count a
// spec for a watch that has ended for the client.
import type { SurfaceWatchView } from "../view.ts";
import type { Ending } from "./posted.ts";

interface SurfaceWatch extends SurfaceWatchView {
  readonly key: string;
  isWatching: boolean;
  asked: number;
  readonly received: SurfaceWatchView["received"][number][];
  readonly failures: Set<string>;
  ending: Ending | undefined;
}

export class OracleSurfaceWatches {
  readonly all: SurfaceWatch[] = [];
  readonly #isHeard: (ending: Ending | undefined) => boolean;

  /** @param isHeard whether a message that comes now may still belong to a subscription with this ending */
  constructor(isHeard: (ending: Ending | undefined) => boolean) {
    this.#isHeard = isHeard;
  }

  /** Subscribing again to the same key sends the surface once more. */
  begin(key: string): void {
    const watch = this.#watching(key);
    if (watch) watch.asked++;
    else this.all.push({ key, isWatching: true, asked: 1, received: [], failures: new Set(), ending: undefined });
  }

  end(key: string, ending: Ending): void {
    const watch = this.#watching(key);
    if (!watch) return;
    watch.isWatching = false;
    watch.ending = ending;
  }

  /** Whether a message about this surface belongs to a subscription that is known to be handled. */
  isExpected(key: string, kind: "surface" | "update" | "failure"): boolean {
    const watch = this.#hearing(key);
    if (!watch) return false;
    const surfacesSeen = watch.received.filter((one) => one.kind === "surface").length;
    return !(watch.isWatching && kind === "surface" && surfacesSeen === watch.asked);
  }

  /** Records a spec that came. Returns what is wrong with it, if anything. */
  isShown(key: string, kind: "surface" | "update", version: number): string | undefined {
    const watch = this.#hearing(key);
    if (!watch) return `${kind} ${version} of ${key}`;
    watch.received.push({ kind, version });
    return undefined;
  }

  /** Records a failure message that came. Returns what is wrong with it, if anything. */
  isTold(key: string, words: string, isOnce: boolean): string | undefined {
    const watch = this.#hearing(key);
    const problem = !watch || watch.failures.has(words) ? `${words} of ${key}` : undefined;
    if (isOnce) watch?.failures.add(words);
    return problem;
  }

  #watching(key: string): SurfaceWatch | undefined {
    return this.all.find((watch) => watch.key === key && watch.isWatching);
  }

  #hearing(key: string): SurfaceWatch | undefined {
    return this.all.find((watch) => watch.key === key && this.#isHeard(watch.ending));
  }
}

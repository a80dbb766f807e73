// The surfaces that one socket watches, and what it was shown of each (protocol 1.1, 1.5.4). Must never let a spec
// count for a subscription that is over for the client.
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

  /** @param isHeard is what comes now part of a subscription that ends so, or has the client seen the end of it? */
  constructor(isHeard: (ending: Ending | undefined) => boolean) {
    this.#isHeard = isHeard;
  }

  /** Again for the same key: it is shown once more. */
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

  /** Is what comes now of this surface part of a subscription that is known to have been handled? */
  isExpected(key: string, kind: "surface" | "update" | "failure"): boolean {
    const watch = this.#hearing(key);
    if (!watch) return false;
    const surfacesSeen = watch.received.filter((one) => one.kind === "surface").length;
    return !(watch.isWatching && kind === "surface" && surfacesSeen === watch.asked);
  }

  /** It was shown this; what is returned is what is wrong with that, if anything. */
  isShown(key: string, kind: "surface" | "update", version: number): string | undefined {
    const watch = this.#hearing(key);
    if (!watch) return `${kind} ${version} of ${key}`;
    watch.received.push({ kind, version });
    return undefined;
  }

  /** It was told that the surface has failed with these words. */
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

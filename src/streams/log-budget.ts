// The memory budget of all turn logs, enforced in three steps. First, sealed turns are shed, oldest first. Then new
// turns are refused. Last, the largest running turn is ended. Must never shed a running turn.
import type { Limits } from "../limits.ts";
import type { Refused } from "../ports/orchestrator.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Feed } from "./feed.ts";

export class LogBudget {
  /** Bytes of all logs together. Each log adds and subtracts its own. */
  readonly ledger = { bytes: 0 };
  readonly #feeds: ReadonlyMap<string, Feed>;
  readonly #clock: Pick<Clock, "now">;
  readonly #limits: Limits;
  /** When it last looked for turns to shed, and for one to end. Monotonic, ms. */
  readonly #lastAt = { shed: Number.NEGATIVE_INFINITY, end: Number.NEGATIVE_INFINITY };

  /** @param feeds the feeds whose logs count. */
  constructor(feeds: ReadonlyMap<string, Feed>, clock: Pick<Clock, "now">, limits: Limits) {
    this.#feeds = feeds;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Why no turn may begin now, or undefined when one may. */
  refusal(): Refused | undefined {
    const { allLogsBytesMax } = this.#limits;
    if (this.ledger.bytes > allLogsBytesMax && this.#may("shed")) this.shed();
    if (this.ledger.bytes <= allLogsBytesMax) return undefined;
    const message = "the running turns have taken all the memory for turns: try again when some have ended";
    return { started: false, reason: "refusing-turns", message };
  }

  /** A log has grown. Its own bound sheds its oldest turns; the bound of all logs takes the three steps. */
  grown(feed: Feed): void {
    const { conversationLogBytesMax, allLogsBytesMax, runningLogsBytesMax } = this.#limits;
    while (feed.log.bytes > conversationLogBytesMax && feed.sheddableSince !== undefined) feed.log.shedOldest();
    if (this.ledger.bytes > allLogsBytesMax && this.#may("shed")) this.shed();
    if (this.ledger.bytes > runningLogsBytesMax && this.#may("end")) this.#endLargest(runningLogsBytesMax);
  }

  /** Sheds the oldest sealed turns of all conversations until the logs fit their budget. */
  shed(): void {
    const { allLogsBytesMax } = this.#limits;
    if (this.ledger.bytes <= allLogsBytesMax) return;
    const sealedAt = (feed: Feed): number => feed.sheddableSince ?? Number.POSITIVE_INFINITY;
    const oldestFirst = [...this.#feeds.values()].filter((feed) => feed.sheddableSince !== undefined);
    oldestFirst.sort((a, b) => sealedAt(a) - sealedAt(b));
    for (let feed = oldestFirst.shift(); feed && this.ledger.bytes > allLogsBytesMax; feed = oldestFirst.shift()) {
      feed.log.shedOldest();
      const at = sealedAt(feed);
      if (at === Number.POSITIVE_INFINITY) continue;
      // Sorts the feed in again by its next sealed turn.
      const place = oldestFirst.findIndex((other) => sealedAt(other) > at);
      oldestFirst.splice(place === -1 ? oldestFirst.length : place, 0, feed);
    }
  }

  /** Sealed turns do not count, because they can be shed as soon as they are delivered. */
  #endLargest(bytesMax: number): void {
    let bytes = 0;
    let largest: { feed: Feed; bytes: number } | undefined;
    for (const feed of this.#feeds.values()) {
      const running = feed.log.running?.bytes ?? 0;
      bytes += running;
      if (running > (largest?.bytes ?? 0)) largest = { feed, bytes: running };
    }
    if (bytes > bytesMax) largest?.feed.outgrow(bytesMax);
  }

  /**
   * Each at most once per shedPauseMs: shedding walks over all logs, and the memory of a turn that was ended is freed
   * only once it is sealed.
   */
  #may(what: "shed" | "end"): boolean {
    const now = this.#clock.now();
    if (now - this.#lastAt[what] < this.#limits.shedPauseMs) return false;
    this.#lastAt[what] = now;
    return true;
  }
}

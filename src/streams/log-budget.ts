// The memory budget of all turn logs together, held in three steps: sealed turns are shed, the oldest first; then no
// new turn may begin; then the largest running turn is ended. Must never shed a running turn.
import type { Limits } from "../limits.ts";
import type { Refused } from "../ports/orchestrator.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Feed } from "./feed.ts";

export class LogBudget {
  /** Of all logs together; each log counts itself in. */
  readonly ledger = { bytes: 0 };
  readonly #feeds: ReadonlyMap<string, Feed>;
  readonly #clock: Pick<Clock, "now">;
  readonly #limits: Limits;
  #shedAt = Number.NEGATIVE_INFINITY;
  #endedAt = Number.NEGATIVE_INFINITY;

  /** @param feeds those whose logs count. */
  constructor(feeds: ReadonlyMap<string, Feed>, clock: Pick<Clock, "now">, limits: Limits) {
    this.#feeds = feeds;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Why no turn may begin now: running ones have taken all the memory for logs, and none of it can be shed. */
  refusal(): Refused | undefined {
    const { allLogsBytesMax } = this.#limits;
    if (this.ledger.bytes > allLogsBytesMax && this.#mayShed()) this.shed();
    if (this.ledger.bytes <= allLogsBytesMax) return undefined;
    const message = "the turns that are running have taken all the memory for turns: try again when some have ended";
    return { started: false, reason: "refusing-turns", message };
  }

  /** A log has grown: a conversation's own log is bounded by shedding its oldest turns, all logs by the three steps. */
  grown(feed: Feed): void {
    const { conversationLogBytesMax, allLogsBytesMax, runningLogsBytesMax } = this.#limits;
    while (feed.log.bytes > conversationLogBytesMax && feed.sheddableSince !== undefined) feed.log.shedOldest();
    if (this.ledger.bytes > allLogsBytesMax && this.#mayShed()) this.shed();
    if (this.ledger.bytes > runningLogsBytesMax && this.#mayEnd()) this.#endLargest(runningLogsBytesMax);
  }

  /** While all logs are too large, the oldest sealed turns go, those of whatever conversation. */
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
      // Its next turn has its own place among the others'.
      const place = oldestFirst.findIndex((other) => sealedAt(other) > at);
      oldestFirst.splice(place === -1 ? oldestFirst.length : place, 0, feed);
    }
  }

  /** What is sealed does not count: it goes as soon as it has been delivered. */
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

  /** Shedding is a walk over all logs: not with every event while there is nothing to shed. */
  #mayShed(): boolean {
    const now = this.#clock.now();
    if (now - this.#shedAt < this.#limits.shedPauseMs) return false;
    this.#shedAt = now;
    return true;
  }

  /** One turn after the other: the log of one that has been ended is free again when it is sealed. */
  #mayEnd(): boolean {
    const now = this.#clock.now();
    if (now - this.#endedAt < this.#limits.shedPauseMs) return false;
    this.#endedAt = now;
    return true;
  }
}

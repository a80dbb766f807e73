// All feeds: creates one at the first watch, subscribes it once at the orchestrator, keeps its log for a while after
// the last turn, and sheds the oldest sealed turns when time or memory is up. Must never shed a running turn.

import { randomUUID } from "node:crypto";
import type { Limits } from "../limits.ts";
import type { GuardedOrchestrator } from "../ports/guarded-orchestrator.ts";
import type { LoggedEvent, Refused } from "../ports/orchestrator.ts";
import { type EventProfile, isInProfile } from "../protocol/event-profile.ts";
import type { Clock } from "../runtime/clock.ts";
import { Feed, type FeedOwner } from "./feed.ts";
import { FlushInterval } from "./flush-interval.ts";
import { splitEvent } from "./split-event.ts";
import { type LogLedger, TurnLog } from "./turn-log.ts";

export interface FeedsOptions {
  orchestrator: GuardedOrchestrator;
  clock: Clock;
  limits: Limits;
  eventProfile: EventProfile;
  /** The feed's facts, for the watches of the conversation. */
  ownerFor(conversationId: string): Pick<FeedOwner, "turnBegan" | "turnSealed">;
}

export class Feeds {
  readonly #options: FeedsOptions;
  readonly #feeds = new Map<string, Feed>();
  readonly #ledger: LogLedger = { bytes: 0 };
  readonly #flushInterval: FlushInterval;
  #soughtAt = Number.NEGATIVE_INFINITY;
  #endedAt = Number.NEGATIVE_INFINITY;
  /** Counts for the gateway surface and metrics. */
  eventsTaken = 0;

  constructor(options: FeedsOptions) {
    this.#options = options;
    this.#flushInterval = new FlushInterval(options.clock, options.limits);
  }

  get(conversationId: string): Feed | undefined {
    return this.#feeds.get(conversationId);
  }

  /** The conversation's feed, subscribed; undefined when the orchestrator would not have it. */
  open(conversationId: string): Feed | undefined {
    const feed = this.#feeds.get(conversationId) ?? this.#create(conversationId);
    if (feed.unsubscribe || this.#subscribe(feed)) return feed;
    // A log that cannot go on is forgotten: half a turn may have been replayed, and what is missed would be a hole.
    this.#discard(feed);
    return undefined;
  }

  /** The port has accepted a turn, whose first event may be still to come. */
  accepted(conversationId: string, turnId: string): void {
    this.#feeds.get(conversationId)?.accepted(turnId);
  }

  /** The id of the turn that runs in a conversation, undefined when none does; asks the port where nobody watches. */
  runningTurnId(conversationId: string): unknown {
    const feed = this.#feeds.get(conversationId);
    if (feed?.unsubscribe) return feed.log.running?.turnId ?? feed.acceptedTurnId;
    let turnId: unknown;
    this.#options.orchestrator.subscribe(conversationId, (event) => {
      turnId = event.type === "turn-sealed" ? undefined : event.turnId;
    })?.();
    return turnId;
  }

  /** Why no turn may begin now: running ones have taken all the room there is for logs, and none of it can be shed. */
  refusal(): Refused | undefined {
    const { allLogsBytesMax } = this.#options.limits;
    if (this.#ledger.bytes > allLogsBytesMax && this.#mayLook()) this.#shedToLimit();
    if (this.#ledger.bytes <= allLogsBytesMax) return undefined;
    const message = "the turns that are running have taken all the memory for turns: try again when some have ended";
    return { started: false, reason: "refusing-turns", message };
  }

  /** A watch has ended, or a turn was sealed: lets go of what nobody needs any more. */
  settle(feed: Feed): void {
    if (feed.watches > 0 || feed.log.running) return;
    // A turn may have begun and not have said anything yet.
    if (feed.unsubscribe && this.#options.orchestrator.isActive(feed.conversationId)) return;
    feed.unsubscribe?.();
    feed.unsubscribe = undefined;
    this.#release(feed);
  }

  /**
   * The conversation has begun a turn. A kept log must not miss it, or its numbering would have a hole: the feed
   * listens again, also when nobody watches (protocol 2, epoch).
   */
  turnBegins(conversationId: string): void {
    const feed = this.#feeds.get(conversationId);
    if (feed && !feed.unsubscribe) this.open(conversationId);
  }

  /** The sweep's round: sheds sealed turns that are too old, and lets go of feeds that nobody needs. */
  readonly round = (now: number): boolean => {
    const { sealedLogKeptMs } = this.#options.limits;
    for (const feed of this.#feeds.values()) {
      for (let at = feed.sheddableSince; at !== undefined && now - at >= sealedLogKeptMs; at = feed.sheddableSince)
        feed.log.shedOldest();
      this.settle(feed);
    }
    this.#shedToLimit();
    return this.#feeds.size > 0;
  };

  /** Runs when the live sets have been given all that was taken in until now; what comes later is not waited for. */
  whenWritten(run: () => void): void {
    let waiting = [...this.#feeds.values()].map((feed) => ({ feed, seq: feed.log.seq }));
    const look = (): void => {
      waiting = waiting.filter(({ feed, seq }) => !feed.hurry(seq));
      if (waiting.length === 0) run();
      else this.#options.clock.defer(look);
    };
    look();
  }

  /** How many logs there are, their bytes together and those of the largest, and how late the loop is with flushes. */
  measure(): { logs: number; bytes: number; largestBytes: number; latenessMs: number } {
    let largestBytes = 0;
    for (const feed of this.#feeds.values()) largestBytes = Math.max(largestBytes, feed.log.bytes);
    return {
      logs: this.#feeds.size,
      bytes: this.#ledger.bytes,
      largestBytes,
      latenessMs: this.#flushInterval.latenessMs(),
    };
  }

  stop(): void {
    for (const feed of [...this.#feeds.values()]) this.#discard(feed);
  }

  #create(conversationId: string): Feed {
    const { clock, limits, ownerFor } = this.#options;
    const owner = ownerFor(conversationId);
    const feed: Feed = new Feed(
      conversationId,
      new TurnLog(randomUUID(), this.#ledger),
      {
        turnBegan: () => owner.turnBegan(),
        turnSealed: () => {
          owner.turnSealed();
          clock.defer(() => this.settle(feed));
        },
        turnTooLarge: (bytesMax) => this.#endTooLarge(feed, bytesMax),
      },
      clock,
      limits,
      this.#flushInterval,
    );
    this.#feeds.set(conversationId, feed);
    return feed;
  }

  #subscribe(feed: Feed): boolean {
    const { orchestrator, eventProfile, limits } = this.#options;
    const take = (event: LoggedEvent): void => {
      if (!isInProfile(eventProfile, event.type)) return;
      for (const part of splitEvent(event, limits)) {
        this.eventsTaken++;
        feed.append(part);
      }
      this.#makeRoom(feed);
    };
    // Whoever announces the turn from within subscribe must not make this feed subscribe a second time.
    feed.unsubscribe = () => {};
    feed.unsubscribe = orchestrator.subscribe(feed.conversationId, take);
    return feed.unsubscribe !== undefined;
  }

  /**
   * A conversation's log is bounded by shedding its own oldest turns. All logs together are bounded in three steps:
   * sealed turns are shed, the oldest first; then no new turn may begin; then the largest running turn is ended.
   */
  #makeRoom(feed: Feed): void {
    const { conversationLogBytesMax, allLogsBytesMax, runningLogsBytesMax } = this.#options.limits;
    while (feed.log.bytes > conversationLogBytesMax && feed.sheddableSince !== undefined) feed.log.shedOldest();
    if (this.#ledger.bytes > allLogsBytesMax && this.#mayLook()) this.#shedToLimit();
    if (this.#ledger.bytes > runningLogsBytesMax && this.#mayEnd()) this.#endLargest(runningLogsBytesMax);
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

  /** A look for what may be shed is a walk over all logs: not with every event while there is nothing. */
  #mayLook(): boolean {
    const now = this.#options.clock.now();
    if (now - this.#soughtAt < this.#options.limits.shedPauseMs) return false;
    this.#soughtAt = now;
    return true;
  }

  /** One turn after the other: the log of one that has been ended is free again when it is sealed. */
  #mayEnd(): boolean {
    const now = this.#options.clock.now();
    if (now - this.#endedAt < this.#options.limits.shedPauseMs) return false;
    this.#endedAt = now;
    return true;
  }

  /** A host's turn that outgrew its log: watchers are told, and the orchestrator is asked to end it. */
  #endTooLarge(feed: Feed, bytesMax: number): void {
    const { conversationId, log } = feed;
    const whose = bytesMax === this.#options.limits.turnLogBytesMax ? "it is" : "all running turns together are";
    const message = `the turn was ended because ${whose} larger than ${Math.floor(bytesMax / 2 ** 20)} MiB`;
    const turnId = log.running?.turnId;
    log.append({ type: "error", conversationId, turnId, message, code: "turn-too-large" });
    this.#options.clock.defer(() => this.#options.orchestrator.stopTurn(conversationId));
  }

  /** Forgets a feed without watchers, subscription and events; its epoch ends with it. */
  #release(feed: Feed): void {
    if (feed.watches > 0 || feed.unsubscribe || feed.log.firstSeq <= feed.log.seq) return;
    this.#discard(feed);
  }

  #discard(feed: Feed): void {
    feed.stop();
    feed.log.close();
    // Another one may have taken its place.
    if (this.#feeds.get(feed.conversationId) === feed) this.#feeds.delete(feed.conversationId);
  }

  /** While all logs are too large, the oldest sealed turns go, those of whatever conversation. */
  #shedToLimit(): void {
    const { allLogsBytesMax } = this.#options.limits;
    if (this.#ledger.bytes <= allLogsBytesMax) return;
    const sealedAt = (feed: Feed): number => feed.sheddableSince ?? Number.POSITIVE_INFINITY;
    const oldestFirst = [...this.#feeds.values()].filter((feed) => feed.sheddableSince !== undefined);
    oldestFirst.sort((a, b) => sealedAt(a) - sealedAt(b));
    for (let feed = oldestFirst.shift(); feed && this.#ledger.bytes > allLogsBytesMax; feed = oldestFirst.shift()) {
      feed.log.shedOldest();
      const at = sealedAt(feed);
      if (at === Number.POSITIVE_INFINITY) this.#release(feed);
      else {
        // Its next turn has its own place among the others'.
        const place = oldestFirst.findIndex((other) => sealedAt(other) > at);
        oldestFirst.splice(place === -1 ? oldestFirst.length : place, 0, feed);
      }
    }
  }
}

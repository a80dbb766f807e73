// All feeds: creates one at the first watch, subscribes it once at the orchestrator, keeps its log for a while after
// the last turn, and sheds the oldest sealed turns when time or memory is up. Must never shed a running turn.
import { randomUUID } from "node:crypto";
import type { Clock } from "./clock.ts";
import { Feed, type FeedOwner } from "./feed.ts";
import { fittingEvents } from "./fitting-events.ts";
import type { GuardedOrchestrator } from "./guarded-orchestrator.ts";
import type { Limits } from "./limits.ts";
import { type LoggedEvent, TurnLog } from "./turn-log.ts";

/** The older vocabulary lacks these (protocol 1.3, `--event-profile core`). */
const beyondCore: ReadonlySet<string> = new Set(["user-message", "step-complete", "steering", "provider-retry"]);

export type EventProfile = "full" | "core";

/** Does an event of this type belong to the profile? */
export const isInProfile = (profile: EventProfile, type: string): boolean =>
  profile === "full" || !beyondCore.has(type);

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
  /** Counts for the gateway surface and metrics. */
  eventsTaken = 0;

  constructor(options: FeedsOptions) {
    this.#options = options;
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

  /** The id of the turn that runs in a conversation, undefined when none does; asks the port where nobody watches. */
  runningTurnId(conversationId: string): unknown {
    const feed = this.#feeds.get(conversationId);
    if (feed?.unsubscribe) return feed.log.running?.turnId;
    let turnId: unknown;
    this.#options.orchestrator.subscribe(conversationId, (event) => {
      turnId = event.type === "turn-sealed" ? undefined : event.turnId;
    })?.();
    return turnId;
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

  /** The sweep's round: sheds sealed turns that are too old, and the oldest ones while all logs are too large. */
  readonly round = (now: number): boolean => {
    const { sealedLogKeptMs, allLogsBytesMax } = this.#options.limits;
    let bytes = 0;
    for (const feed of this.#feeds.values()) {
      for (
        let at = feed.log.oldestSealedAt;
        at !== undefined && now - at >= sealedLogKeptMs;
        at = feed.log.oldestSealedAt
      )
        feed.log.shedOldest();
      bytes += feed.log.bytes;
      this.settle(feed);
    }
    if (bytes > allLogsBytesMax) this.#shedTo(allLogsBytesMax, bytes);
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

  /** Bytes of all logs, and how many there are. */
  measure(): { logs: number; bytes: number } {
    let bytes = 0;
    for (const feed of this.#feeds.values()) bytes += feed.log.bytes;
    return { logs: this.#feeds.size, bytes };
  }

  stop(): void {
    for (const feed of this.#feeds.values()) feed.stop();
    this.#feeds.clear();
  }

  #create(conversationId: string): Feed {
    const { clock, limits, ownerFor } = this.#options;
    const facts = ownerFor(conversationId);
    const feed: Feed = new Feed(
      conversationId,
      new TurnLog(randomUUID()),
      {
        turnBegan: () => facts.turnBegan(),
        turnSealed: () => {
          facts.turnSealed();
          clock.defer(() => this.settle(feed));
        },
        turnTooLarge: () => this.#endTooLarge(feed),
      },
      clock,
      limits,
    );
    this.#feeds.set(conversationId, feed);
    return feed;
  }

  #subscribe(feed: Feed): boolean {
    const { orchestrator, eventProfile, limits } = this.#options;
    const take = (event: LoggedEvent): void => {
      if (!isInProfile(eventProfile, event.type)) return;
      for (const part of fittingEvents(event, limits)) {
        this.eventsTaken++;
        feed.append(part);
      }
    };
    // Whoever announces the turn from within subscribe must not make this feed subscribe a second time.
    feed.unsubscribe = () => {};
    feed.unsubscribe = orchestrator.subscribe(feed.conversationId, take);
    return feed.unsubscribe !== undefined;
  }

  /** A host's turn that outgrew its log: watchers are told, and the orchestrator is asked to end it. */
  #endTooLarge(feed: Feed): void {
    const { conversationId, log } = feed;
    const megabytes = Math.floor(this.#options.limits.turnLogBytesMax / 2 ** 20);
    const message = `the turn was ended because it is larger than ${megabytes} MiB`;
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
    this.#feeds.delete(feed.conversationId);
  }

  #shedTo(bytesMax: number, bytesNow: number): void {
    const sealedAt = (feed: Feed): number => feed.log.oldestSealedAt ?? Number.POSITIVE_INFINITY;
    const oldestFirst = [...this.#feeds.values()].filter((feed) => feed.log.oldestSealedAt !== undefined);
    oldestFirst.sort((a, b) => sealedAt(a) - sealedAt(b));
    let bytes = bytesNow;
    for (let feed = oldestFirst.shift(); feed && bytes > bytesMax; feed = oldestFirst.shift()) {
      const before = feed.log.bytes;
      feed.log.shedOldest();
      bytes -= before - feed.log.bytes;
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

// All feeds: creates one at the first watch, subscribes it once at the orchestrator, keeps its log for a while after
// the last turn, and sheds the oldest sealed turns when time or memory is up. Must never shed a running turn.

import { randomUUID } from "node:crypto";
import type { Limits } from "../limits.ts";
import type { GuardedOrchestrator } from "../ports/guarded-orchestrator.ts";
import type { LoggedEvent } from "../ports/orchestrator.ts";
import { type EventProfile, isInProfile } from "../protocol/event-profile.ts";
import { shownBytes } from "../protocol/text-size.ts";
import type { Clock } from "../runtime/clock.ts";
import { Feed } from "./feed.ts";
import { FlushInterval } from "./flush-interval.ts";
import type { LogBudget } from "./log-budget.ts";
import { splitEvent } from "./split-event.ts";
import { TurnLog } from "./turn-log.ts";

export interface FeedsOptions {
  orchestrator: GuardedOrchestrator;
  clock: Clock;
  limits: Limits;
  eventProfile: EventProfile;
  /** Filled in here; by conversation. */
  feeds: Map<string, Feed>;
  budget: LogBudget;
}

export class Feeds {
  readonly #options: FeedsOptions;
  readonly #feeds: Map<string, Feed>;
  readonly #flushInterval: FlushInterval;
  /** Counts for the gateway surface and metrics. */
  eventsTaken = 0;

  constructor(options: FeedsOptions) {
    this.#options = options;
    this.#feeds = options.feeds;
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

  /** A watch has ended, or a turn was sealed: lets go of what nobody needs any more. */
  settle(feed: Feed): void {
    if (feed.watchers.size > 0 || feed.log.running) return;
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
    this.#options.budget.shed();
    for (const feed of this.#feeds.values()) {
      for (let at = feed.sheddableSince; at !== undefined && now - at >= sealedLogKeptMs; at = feed.sheddableSince)
        feed.log.shedOldest();
      this.settle(feed);
    }
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
      bytes: this.#options.budget.ledger.bytes,
      largestBytes,
      latenessMs: this.#flushInterval.latenessMs(),
    };
  }

  stop(): void {
    for (const feed of [...this.#feeds.values()]) this.#discard(feed);
  }

  #create(conversationId: string): Feed {
    const { clock, limits, budget } = this.#options;
    const feed: Feed = new Feed(
      conversationId,
      new TurnLog(randomUUID(), limits, budget.ledger),
      {
        turnSealed: () => clock.defer(() => this.settle(feed)),
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
      this.#options.budget.grown(feed);
    };
    // Whoever announces the turn from within subscribe must not make this feed subscribe a second time.
    feed.unsubscribe = () => {};
    feed.unsubscribe = orchestrator.subscribe(feed.conversationId, take);
    return feed.unsubscribe !== undefined;
  }

  /** A host's turn that outgrew its log: watchers are told, and the orchestrator is asked to end it. */
  #endTooLarge(feed: Feed, bytesMax: number): void {
    const { conversationId, log } = feed;
    const whose = bytesMax === this.#options.limits.turnLogBytesMax ? "it is" : "all running turns together are";
    const message = `the turn was ended because ${whose} larger than ${shownBytes(bytesMax)}`;
    const turnId = log.running?.turnId;
    log.append({ type: "error", conversationId, turnId, message, code: "turn-too-large" });
    this.#options.clock.defer(() => this.#options.orchestrator.stopTurn(conversationId));
  }

  /** Forgets a feed without watchers, subscription and events; its epoch ends with it. */
  #release(feed: Feed): void {
    if (feed.watchers.size > 0 || feed.unsubscribe || feed.log.firstSeq <= feed.log.seq) return;
    this.#discard(feed);
  }

  #discard(feed: Feed): void {
    feed.stop();
    feed.log.close();
    // Another one may have taken its place.
    if (this.#feeds.get(feed.conversationId) === feed) this.#feeds.delete(feed.conversationId);
  }
}

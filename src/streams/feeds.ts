// All feeds. A feed is created for the first watch and subscribes to the orchestrator once. Its log is kept for a while
// after the last turn, and sealed turns are shed, oldest first, when they are too old or memory is short. Must never
// shed a running turn.
import { randomUUID } from "node:crypto";
import type { Limits } from "../limits.ts";
import type { GuardedOrchestrator } from "../ports/guarded-orchestrator.ts";
import type { LoggedEvent } from "../ports/orchestrator.ts";
import { type EventProfile, isInProfile } from "../protocol/event-profile.ts";
import { shownBytes } from "../protocol/text-size.ts";
import type { Clock } from "../runtime/clock.ts";
import { DeadTurns } from "./dead-turns.ts";
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
  /** By conversation id. Feeds adds to it and removes from it. */
  feeds: Map<string, Feed>;
  budget: LogBudget;
}

export class Feeds {
  readonly #options: FeedsOptions;
  readonly #feeds: Map<string, Feed>;
  readonly #flushInterval: FlushInterval;
  readonly #deadTurns: DeadTurns;
  /** Events taken since the start, for the gateway surface and metrics. */
  eventsTaken = 0;

  constructor(options: FeedsOptions) {
    this.#options = options;
    this.#feeds = options.feeds;
    this.#flushInterval = new FlushInterval(options.clock, options.limits);
    this.#deadTurns = new DeadTurns(options);
  }

  get(conversationId: string): Feed | undefined {
    return this.#feeds.get(conversationId);
  }

  /** The feed for somebody who joins. @returns undefined when subscribing to the orchestrator failed. */
  join(conversationId: string): Feed | undefined {
    const feed = this.open(conversationId);
    if (feed) this.#deadTurns.asked(feed);
    return feed;
  }

  /** The conversation's feed, subscribed. @returns undefined when subscribing to the orchestrator failed. */
  open(conversationId: string): Feed | undefined {
    const feed = this.#feeds.get(conversationId) ?? this.#create(conversationId);
    if (feed.unsubscribe || this.#subscribe(feed)) return feed;
    // A log that cannot continue is discarded: it may hold half a replayed turn, and missed events would be a gap.
    this.#discard(feed);
    return undefined;
  }

  /** Somebody asks for a turn, or to stop one: a turn that the orchestrator has left without an end is ended first. */
  asked(conversationId: string): void {
    const feed = this.#feeds.get(conversationId);
    if (feed) this.#deadTurns.asked(feed);
  }

  /** The orchestrator has accepted a turn. Its first event may still be to come. */
  accepted(conversationId: string, turnId: string): void {
    this.#feeds.get(conversationId)?.accepted(turnId);
  }

  /** The id of the running turn, undefined when none runs. Without a subscribed feed it asks the orchestrator. */
  runningTurnId(conversationId: string): unknown {
    const feed = this.#feeds.get(conversationId);
    if (feed?.unsubscribe) return feed.log.running?.turnId ?? feed.acceptedTurnId;
    let turnId: unknown;
    this.#options.orchestrator.subscribe(conversationId, (event) => {
      turnId = event.type === "turn-sealed" ? undefined : event.turnId;
    })?.();
    return turnId;
  }

  /** After a watch ended or a turn was sealed: unsubscribes and releases a feed that nobody needs any more. */
  settle(feed: Feed): void {
    if (feed.watchers.size > 0 || feed.log.running) return;
    // A turn may have begun without an event so far.
    if (feed.unsubscribe && this.#options.orchestrator.isActive(feed.conversationId)) return;
    feed.stop();
    // Without an event in its log there is nothing to resume: its epoch ends.
    if (feed.log.firstSeq > feed.log.seq) this.#discard(feed);
  }

  /**
   * The conversation has begun a turn. A kept log must not miss it, or its numbering would have a gap, so the feed
   * subscribes again even when nobody watches (protocol 2.2).
   */
  turnBegins(conversationId: string): void {
    const feed = this.#feeds.get(conversationId);
    if (feed && !feed.unsubscribe) this.open(conversationId);
  }

  /** The conversation is announced to have no active turn. */
  turnIsOver(conversationId: string): void {
    const feed = this.#feeds.get(conversationId);
    if (feed) this.#deadTurns.announced(feed);
  }

  /** The sweep's round: ends dead turns, sheds sealed turns that are too old and releases feeds that nobody needs. */
  readonly round = (now: number): boolean => {
    const { sealedLogKeptMs } = this.#options.limits;
    this.#options.budget.shed();
    for (const feed of this.#feeds.values()) {
      for (let at = feed.sheddableSince; at !== undefined && now - at >= sealedLogKeptMs; at = feed.sheddableSince)
        feed.log.shedOldest();
      this.#deadTurns.round(feed, now);
      this.settle(feed);
    }
    return this.#feeds.size > 0;
  };

  /**
   * Calls back when every watch has received the events taken until now, apart from those whose socket is congested
   * meanwhile. Later events are not waited for.
   */
  whenWritten(run: () => void): void {
    let waiting = [...this.#feeds.values()].flatMap((feed) =>
      [...feed.watchers].map((watcher) => ({ feed, watcher, seq: feed.log.seq })),
    );
    const check = (): void => {
      waiting = waiting.filter(({ watcher, seq }) => watcher.lacks(seq));
      for (const { feed } of waiting) feed.hurry();
      if (waiting.length === 0) run();
      else this.#options.clock.defer(check);
    };
    check();
  }

  /** How many logs there are, their bytes in total, the largest one's bytes, and how late flushes are. */
  measure(): { logs: number; logBytes: number; largestLogBytes: number; latenessMs: number } {
    return {
      logs: this.#feeds.size,
      logBytes: this.#options.budget.ledger.bytes,
      largestLogBytes: this.#feeds.values().reduce((most, { log }) => Math.max(most, log.bytes), 0),
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
    // Set first: if subscribe() itself announces a turn, this feed must not subscribe a second time.
    feed.unsubscribe = () => {};
    feed.unsubscribe = orchestrator.subscribe(feed.conversationId, take);
    return feed.unsubscribe !== undefined;
  }

  /** An agent host's turn exceeds a log limit: tells the watchers and asks the orchestrator to end the turn. */
  #endTooLarge(feed: Feed, bytesMax: number): void {
    const { conversationId, log } = feed;
    const subject = bytesMax === this.#options.limits.turnLogBytesMax ? "it is" : "all running turns together are";
    const message = `the turn was ended because ${subject} larger than ${shownBytes(bytesMax)}`;
    const turnId = log.running?.turnId;
    log.append({ type: "error", conversationId, turnId, message, code: "turn-too-large" });
    this.#options.clock.defer(() => this.#options.orchestrator.stopTurn(conversationId));
  }

  #discard(feed: Feed): void {
    feed.stop();
    feed.log.close();
    // A new feed may have replaced it.
    if (this.#feeds.get(feed.conversationId) === feed) this.#feeds.delete(feed.conversationId);
  }
}

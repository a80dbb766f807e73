// Turns that an agent host has left without an end: `turn-sealed` never comes, and its port says that nothing runs.
// They are ended in the host's place, so that watchers learn of it, and the log and its subscription are let go of.
// Must never end a turn that the port says is running, nor one of a port that says nothing.
import type { Limits } from "../limits.ts";
import type { GuardedOrchestrator } from "../ports/guarded-orchestrator.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Feed } from "./feed.ts";

export interface DeadTurnsOptions {
  orchestrator: GuardedOrchestrator;
  clock: Clock;
  limits: Limits;
}

export class DeadTurns {
  readonly #options: DeadTurnsOptions;

  constructor(options: DeadTurnsOptions) {
    this.#options = options;
  }

  /**
   * Somebody joins, asks for a turn, or asks to stop one. The port's word alone is not enough: some hosts count a turn
   * as inactive a moment before they emit its end, or still a moment after they have begun it. So the turn must also
   * have failed, or be silent; else it is ended when another one begins.
   */
  asked(feed: Feed): void {
    if (!feed.log.running || !this.#saysIdle(feed)) return;
    const isEvident = (feed.hasFailed && !feed.isDone) || this.#isSilent(feed, this.#options.clock.now());
    if (isEvident) this.#end(feed);
    else feed.suspect();
  }

  /** The host announces a status other than active, perhaps within the call in which it then emits the turn's end. */
  announced(feed: Feed): void {
    const turnId = feed.log.running?.turnId;
    if (turnId === undefined) return;
    this.#options.clock.defer(() => {
      // A turn that is done waits for its history to be stored.
      if (feed.log.running?.turnId === turnId && !feed.isDone && this.#saysIdle(feed)) this.#end(feed);
    });
  }

  /** The sweep's round. */
  round(feed: Feed, now: number): void {
    const isSilent = this.#isSilent(feed, now);
    // Looked at here and not for each event, which must stay cheap.
    if (isSilent || feed.quiet.seq !== feed.log.seq) feed.quiet = { seq: feed.log.seq, since: now };
    if (!isSilent) return;
    if (!feed.log.running && feed.acceptedTurnId === undefined) return;
    if (!this.#saysIdle(feed)) return;
    if (feed.log.running) this.#end(feed);
    else feed.forgetAccepted();
  }

  #isSilent({ quiet, log }: Feed, now: number): boolean {
    return quiet.seq === log.seq && now - quiet.since >= this.#options.limits.deadTurnMs;
  }

  #saysIdle({ conversationId, unsubscribe }: Feed): boolean {
    return unsubscribe !== undefined && this.#options.orchestrator.saysIdle(conversationId);
  }

  #end(feed: Feed): void {
    const turnId = feed.log.running?.turnId;
    feed.endInPlace();
    this.#options.orchestrator.leftWithoutEnd(feed.conversationId, turnId);
  }
}

// Looks at the running turns now and then: an agent without a sign of life has stalled, and a turn that nobody has
// watched for too long is stopped, where that is wanted. One timer for all, and none while no turn runs.

import type { Limits } from "../../limits.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { LiveConversation } from "./live-conversation.ts";
import type { SettleQueue } from "./settle-queue.ts";

export interface TurnWatchdogOptions {
  clock: Clock;
  limits: Pick<Limits, "turnCheckMs">;
  logger: Logger;
  settleQueue: SettleQueue;
  active: () => Iterable<LiveConversation>;
  /** How many watch a conversation. */
  watchers: (conversationId: string) => number;
  /** A turn that nobody has watched for so long is stopped; undefined: none is. */
  orphanMs: number | undefined;
}

export class TurnWatchdog {
  readonly #options: TurnWatchdogOptions;
  /** Since when nobody watches, by turn. */
  #unwatched = new Map<string, number>();
  #timer: Timer | undefined;

  constructor(options: TurnWatchdogOptions) {
    this.#options = options;
  }

  /** Goes on until no turn runs. */
  start(): void {
    const { clock, limits, settleQueue } = this.#options;
    this.#timer ??= clock.setTimeout(() => {
      this.#timer = undefined;
      settleQueue.around(() => this.#look());
    }, limits.turnCheckMs);
  }

  stop(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const unwatched = new Map<string, number>();
    let count = 0;
    for (const live of [...this.#options.active()]) {
      count++;
      live.work.lookForLife();
      this.#lookForWatchers(live, unwatched);
    }
    this.#unwatched = unwatched;
    if (count > 0) this.start();
  }

  #lookForWatchers(live: LiveConversation, unwatched: Map<string, number>): void {
    const { clock, logger, watchers, orphanMs } = this.#options;
    if (orphanMs === undefined || watchers(live.id) > 0) return;
    const { turnId: running = "" } = live.work.progress;
    const now = clock.now();
    const since = this.#unwatched.get(running) ?? now;
    unwatched.set(running, since);
    if (now - since < orphanMs) return;
    const turnId = live.cancel();
    if (turnId !== undefined)
      logger.info("orchestrator: a turn that nobody watches was stopped", { conversationId: live.id, turnId });
  }
}

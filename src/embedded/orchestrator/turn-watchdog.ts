// Checks all running turns every limits.turnCheckMs: marks turns whose agent is silent as stalled, and stops turns that
// have gone unwatched for orphanMs. One timer serves all turns, and none runs while no turn does.
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
  /** How many sockets watch a conversation. */
  watchers: (conversationId: string) => number;
  /** A turn is stopped after this time without a watcher; undefined: never. */
  orphanMs: number | undefined;
}

export class TurnWatchdog {
  readonly #options: TurnWatchdogOptions;
  /** Since when a turn has had no watcher, by turn id. */
  #unwatched = new Map<string, number>();
  #timer: Timer | undefined;

  constructor(options: TurnWatchdogOptions) {
    this.#options = options;
  }

  /** Keeps checking until no turn runs. */
  start(): void {
    const { clock, limits, settleQueue } = this.#options;
    this.#timer ??= clock.setTimeout(() => {
      this.#timer = undefined;
      settleQueue.around(() => this.#check());
    }, limits.turnCheckMs);
  }

  stop(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #check(): void {
    const unwatched = new Map<string, number>();
    let count = 0;
    for (const live of [...this.#options.active()]) {
      count++;
      live.work.checkSilence();
      this.#checkWatchers(live, unwatched);
    }
    this.#unwatched = unwatched;
    if (count > 0) this.start();
  }

  #checkWatchers(live: LiveConversation, unwatched: Map<string, number>): void {
    const { clock, logger, watchers, orphanMs } = this.#options;
    if (orphanMs === undefined || watchers(live.id) > 0) return;
    const { turnId: running = "" } = live.work.progress;
    const now = clock.now();
    const since = this.#unwatched.get(running) ?? now;
    unwatched.set(running, since);
    if (now - since < orphanMs) return;
    const turnId = live.cancel();
    if (turnId !== undefined)
      logger.info("orchestrator: an unwatched turn was stopped", { conversationId: live.id, turnId });
  }
}

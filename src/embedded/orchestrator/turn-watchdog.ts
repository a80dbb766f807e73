// Checks all running turns every limits.turnCheckMs: marks turns whose agent is silent as stalled, and stops turns that
// have gone unwatched for orphanMs. One timer serves all turns, and none runs while no turn does.
import type { Timer } from "../../runtime/clock.ts";
import type { Services } from "./context.ts";
import type { LiveConversation } from "./live-conversation.ts";

export interface TurnWatchdogOptions extends Pick<Services, "clock" | "limits" | "logger" | "settleQueue"> {
  /** The conversations with an unsealed turn. */
  active: ReadonlySet<LiveConversation>;
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
    const { active } = this.#options;
    const unwatched = new Map<string, number>();
    for (const live of [...active]) {
      live.work.checkSilence();
      this.#checkWatchers(live, unwatched);
    }
    this.#unwatched = unwatched;
    if (active.size > 0) this.start();
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

// Has all running turns checked every limits.turnCheckMs; the turn's chart decides what follows. One timer serves all
// turns, and none runs while no turn does.
import type { Timer } from "../../runtime/clock.ts";
import type { Services } from "./context.ts";
import type { LiveConversation } from "./live-conversation.ts";

export interface TurnWatchdogOptions extends Pick<Services, "clock" | "limits" | "settleQueue"> {
  /** The conversations with an unsealed turn. */
  active: ReadonlySet<LiveConversation>;
  /** How many sockets watch a conversation. */
  watchers: (conversationId: string) => number;
}

export class TurnWatchdog {
  readonly #options: TurnWatchdogOptions;
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
    const { active, watchers } = this.#options;
    for (const live of [...active]) live.work.checkTurn(watchers(live.id) > 0);
    if (active.size > 0) this.start();
  }
}

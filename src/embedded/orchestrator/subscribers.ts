// News of one kind for whoever listens, told through the outbox. A listener that throws harms nobody, and nobody is
// called after leaving.
import type { Logger } from "../../ports/logger.ts";
import type { SettleQueue } from "./settle-queue.ts";

export class Subscribers<News> {
  readonly #settleQueue: SettleQueue;
  readonly #logger: Logger;
  readonly #listeners = new Set<{ hear: (news: News) => void }>();

  constructor(settleQueue: SettleQueue, logger: Logger) {
    this.#settleQueue = settleQueue;
    this.#logger = logger;
  }

  subscribe(listener: (news: News) => void): () => void {
    const entry = { hear: listener };
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  tell(news: News): void {
    this.#settleQueue.post(() => {
      for (const listener of this.#listeners) {
        try {
          listener.hear(news);
        } catch (error) {
          this.#logger.warn("orchestrator: a listener threw", { error });
        }
      }
    });
  }
}

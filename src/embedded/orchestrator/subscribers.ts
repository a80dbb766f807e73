// News of one kind for whoever listens, told through the outbox. A listener that throws harms nobody, and nobody is
// called after leaving.
import type { Logger } from "../../ports/logger.ts";
import type { SettleQueue } from "./settle-queue.ts";

export class Subscribers<Message> {
  readonly #settleQueue: SettleQueue;
  readonly #logger: Logger;
  readonly #listeners = new Set<{ hear: (message: Message) => void }>();

  constructor(settleQueue: SettleQueue, logger: Logger) {
    this.#settleQueue = settleQueue;
    this.#logger = logger;
  }

  subscribe(listener: (message: Message) => void): () => void {
    const entry = { hear: listener };
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  tell(message: Message): void {
    this.#settleQueue.post(() => {
      for (const listener of this.#listeners) {
        try {
          listener.hear(message);
        } catch (error) {
          this.#logger.warn("orchestrator: a listener threw", { error });
        }
      }
    });
  }
}

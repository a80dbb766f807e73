// The listeners for one kind of message; messages are delivered through the settle queue. A listener that throws
// affects no other, and none is called after it has unsubscribed.
import type { Logger } from "../../ports/logger.ts";
import type { SettleQueue } from "./settle-queue.ts";

export class Subscribers<Message> {
  readonly #settleQueue: SettleQueue;
  readonly #logger: Logger;
  readonly #listeners = new Set<{ listener: (message: Message) => void }>();

  constructor(settleQueue: SettleQueue, logger: Logger) {
    this.#settleQueue = settleQueue;
    this.#logger = logger;
  }

  subscribe(listener: (message: Message) => void): () => void {
    const entry = { listener };
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  tell(message: Message): void {
    this.#settleQueue.post(() => {
      for (const { listener } of this.#listeners) {
        try {
          listener(message);
        } catch (error) {
          this.#logger.warn("orchestrator: a listener threw", { error });
        }
      }
    });
  }
}

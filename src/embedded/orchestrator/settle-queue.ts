// Defers notifications until the actors have settled, so that a listener can call anything and get its answer at once.
// (An event sent to an actor that is busy would only be queued.) Must never drop or reorder notifications.
import type { Logger } from "../../ports/logger.ts";

export class SettleQueue {
  readonly #logger: Logger;
  #waiting: (() => void)[] = [];
  #depth = 0;
  #delivering = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Runs code that may move actors. What it posts is delivered before this returns, unless a delivery is running. */
  around<T>(run: () => T): T {
    this.#depth++;
    try {
      return run();
    } finally {
      this.#depth--;
      this.#deliver();
    }
  }

  post(tell: () => void): void {
    this.#waiting.push(tell);
    // Behind another notification, this one is delivered with it.
    if (this.#depth > 0 || this.#delivering || this.#waiting.length > 1) return;
    // An actor moved by itself, by a timer of its chart: it has settled when the microtask runs.
    queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    if (this.#depth > 0 || this.#delivering || this.#waiting.length === 0) return;
    this.#delivering = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      for (const tell of batch) {
        try {
          tell();
        } catch (error) {
          this.#logger.error("orchestrator: a listener threw", { error });
        }
      }
    }
    this.#delivering = false;
  }
}

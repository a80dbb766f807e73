// Holds what the world is to be told until the actors have come to rest, so that a listener may call anything and gets
// its answer at once (an event sent while its actor is busy would only be queued). Must never drop or reorder news.
import type { Logger } from "../../ports/logger.ts";

export class SettleQueue {
  readonly #logger: Logger;
  #waiting: (() => void)[] = [];
  #depth = 0;
  #delivering = false;
  #scheduled = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Runs what may move actors; what it posts is delivered before this returns, unless a delivery is under way. */
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
    if (this.#depth > 0 || this.#delivering || this.#scheduled) return;
    // An actor moved by itself (a timer of its chart): it is at rest when the microtasks run.
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    if (this.#depth > 0 || this.#delivering || this.#waiting.length === 0) return;
    this.#delivering = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      for (const tell of batch) this.#guarded(tell);
    }
    this.#delivering = false;
  }

  #guarded(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#logger.error("orchestrator: a listener threw", { error });
    }
  }
}

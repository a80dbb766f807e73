// A queue between one who pushes, synchronously and at any time, and one who awaits. Never loses what was pushed before
// it was closed; what is pushed after is dropped. Its owner bounds what goes in.

export class AsyncQueue<Item> {
  #items: Item[] = [];
  #closed = false;
  #wake: (() => void) | undefined;

  push(item: Item): void {
    if (this.#closed) return;
    this.#items.push(item);
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** For one reader. Ends when the queue is closed and empty. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for (;;) {
      const batch = this.#items;
      this.#items = [];
      yield* batch;
      if (this.#items.length > 0) continue;
      if (this.#closed) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

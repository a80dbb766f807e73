// A queue that is written synchronously and read by one `for await` loop. Must never lose an item pushed before
// close(); later ones are dropped. It has no bound of its own: the writer limits what it pushes.

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

  /** For a single reader. Ends when the queue is closed and empty. */
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

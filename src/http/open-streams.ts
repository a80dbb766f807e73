// The answers over HTTP that go on for long, each with whose it is: they end when its token is not good any more.
import type { Identity } from "../ports/authorisation.ts";

interface Open {
  identity: Identity;
  /** What it shows, if it is a conversation. */
  conversationId: string | undefined;
  cut(): void;
}

export class OpenStreams {
  readonly #all = new Set<Open>();

  /** Answers what to call when it has ended. */
  add(identity: Identity, cut: () => void, conversationId?: string): () => void {
    const open = { identity, cut, conversationId };
    this.#all.add(open);
    return () => {
      this.#all.delete(open);
    };
  }

  /** How many of them show a conversation. */
  watching(conversationId: string): number {
    let count = 0;
    for (const open of this.#all) if (open.conversationId === conversationId) count++;
    return count;
  }

  revoke(isGood: (identity: Identity) => boolean): void {
    for (const { identity, cut } of this.#all) if (!isGood(identity)) cut();
  }
}

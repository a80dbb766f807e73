// The long-running HTTP responses, each with its identity. They end when its token is no longer valid.
import type { Identity } from "../ports/authorisation.ts";

interface Open {
  identity: Identity;
  cut(): void;
}

export class OpenStreams {
  readonly #all = new Set<Open>();
  readonly #watching = new Map<string, number>();

  /** @param conversationId the conversation it shows, if any. @returns call it when the response has ended. */
  add(identity: Identity, cut: () => void, conversationId?: string): () => void {
    const open = { identity, cut };
    this.#all.add(open);
    this.#count(conversationId, 1);
    return () => {
      if (this.#all.delete(open)) this.#count(conversationId, -1);
    };
  }

  /** How many show this conversation. */
  watching(conversationId: string): number {
    return this.#watching.get(conversationId) ?? 0;
  }

  #count(conversationId: string | undefined, change: number): void {
    if (conversationId === undefined) return;
    const count = this.watching(conversationId) + change;
    if (count > 0) this.#watching.set(conversationId, count);
    else this.#watching.delete(conversationId);
  }

  revoke(isGood: (identity: Identity) => boolean): void {
    for (const { identity, cut } of this.#all) if (!isGood(identity)) cut();
  }
}

// The answers over HTTP that go on for long, each with whose it is: they end when its token is not good any more.
import type { Identity } from "../ports/authorisation.ts";

interface Open {
  identity: Identity;
  cut(): void;
}

export class OpenStreams {
  readonly #all = new Set<Open>();

  /** Answers what to call when it has ended. */
  add(identity: Identity, cut: () => void): () => void {
    const open = { identity, cut };
    this.#all.add(open);
    return () => {
      this.#all.delete(open);
    };
  }

  revoke(isGood: (identity: Identity) => boolean): void {
    for (const { identity, cut } of this.#all) if (!isGood(identity)) cut();
  }
}

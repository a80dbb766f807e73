// How many turns one identity may have running. Nothing is noted when a turn ends: who seems to have too many is
// counted again, so what is kept is never more than the bound for each identity.

import type { Limits } from "../limits.ts";
import type { Identity } from "../ports/authorisation.ts";
import type { Refused } from "../ports/orchestrator.ts";
import { anyone } from "./authoriser.ts";

export class TurnQuota {
  readonly #limits: Pick<Limits, "runningTurnsPerTokenMax">;
  readonly #isActive: (conversationId: string) => boolean;
  /** The conversations in which each has started a turn that may still run. */
  readonly #started = new Map<Identity, Set<string>>();

  constructor(limits: Pick<Limits, "runningTurnsPerTokenMax">, isActive: (conversationId: string) => boolean) {
    this.#limits = limits;
    this.#isActive = isActive;
  }

  /** Why it may start no turn there now. Where one runs already the orchestrator has the word. */
  refusal(identity: Identity, conversationId: string): Refused | undefined {
    const { runningTurnsPerTokenMax: most } = this.#limits;
    const started = this.#started.get(identity);
    if (!started || started.size < most) return undefined;
    for (const id of started) if (!this.#isActive(id)) started.delete(id);
    if (started.size < most || started.has(conversationId)) return undefined;
    const message = `${most} turns of the token "${identity.name}" are running, the most there may be: try again later`;
    return { started: false, reason: "too-many", message };
  }

  took(identity: Identity, conversationId: string): void {
    // Where nobody needs a token there is nobody to tell apart.
    if (identity === anyone) return;
    const started = this.#started.get(identity) ?? new Set();
    this.#started.set(identity, started.add(conversationId));
  }

  /** Forgets those who are not good any more; their turns are the conversations'. */
  revoke(isGood: (identity: Identity) => boolean): void {
    for (const identity of this.#started.keys()) if (!isGood(identity)) this.#started.delete(identity);
  }
}

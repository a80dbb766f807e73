// Limits the running turns of one identity. The end of a turn is not recorded; an identity that seems to have too many
// is counted again. So no more than the limit is kept per identity.
import type { Limits } from "../limits.ts";
import type { Identity } from "../ports/authorisation.ts";
import type { Refused } from "../ports/orchestrator.ts";
import { anyone } from "./authoriser.ts";

export class TurnQuota {
  readonly #limits: Pick<Limits, "runningTurnsPerTokenMax">;
  readonly #isActive: (conversationId: string) => boolean;
  /** Per identity, the conversations in which it has started a turn that may still run. */
  readonly #started = new Map<Identity, Set<string>>();

  constructor(limits: Pick<Limits, "runningTurnsPerTokenMax">, isActive: (conversationId: string) => boolean) {
    this.#limits = limits;
    this.#isActive = isActive;
  }

  /**
   * The reason why no turn may start there now. Where the identity's own turn already runs, the orchestrator decides.
   */
  refusal(identity: Identity, conversationId: string): Refused | undefined {
    const { runningTurnsPerTokenMax: most } = this.#limits;
    const started = this.#started.get(identity);
    if (!started || started.size < most) return undefined;
    for (const id of started) if (!this.#isActive(id)) started.delete(id);
    if (started.size < most || started.has(conversationId)) return undefined;
    const message = `${most} turns of the token "${identity.name}" are running, the maximum: try again later`;
    return { started: false, reason: "too-many", message };
  }

  took(identity: Identity, conversationId: string): void {
    // Without tokens all clients are one identity, which has no quota.
    if (identity === anyone) return;
    const started = this.#started.get(identity) ?? new Set();
    this.#started.set(identity, started.add(conversationId));
  }

  /** Forgets identities whose token is no longer valid; their turns keep running. */
  revoke(isGood: (identity: Identity) => boolean): void {
    for (const identity of this.#started.keys()) if (!isGood(identity)) this.#started.delete(identity);
  }
}

// How a conversation's last turn ended, from the store: for a conversation without an actor, or whose actor is younger.
import type { TurnProgress } from "../../ports/conversations.ts";
import { StoreError } from "../../ports/store.ts";
import type { Services } from "./context.ts";

/** Undefined when no turn has ended, when it was stored before this was kept, and when the store cannot be read. */
export function storedEnd(
  { store, clock }: Pick<Services, "store" | "clock">,
  conversationId: string,
): TurnProgress["lastEnd"] {
  try {
    const { turnId, end, endedAt } = store.lastEndedTurn(conversationId) ?? {};
    if (turnId === undefined || typeof end !== "string" || typeof endedAt !== "number") return undefined;
    return { turnId, end, msAgo: Math.max(0, Math.round(clock.wall() - endedAt)) };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return undefined;
  }
}

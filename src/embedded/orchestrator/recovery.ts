// Recovers a turn that a crash left unsealed: its journal becomes history and it ends as interrupted. Both are one
// unit, so that a retry after a failure writes nothing twice.
import type { JournalPart, Store, TurnRow } from "../../ports/store.ts";
import type { Usage } from "../../protocol/turn-event.ts";
import { historyWrites } from "./turn-record.ts";
import { addUsage } from "./usage.ts";

export interface CrashedTurn {
  turn: TurnRow;
  journal: JournalPart[];
}

/** @throws StoreError when it could not be stored: try again. */
export function recover(store: Store, { turn, journal }: CrashedTurn, endedAt: number): void {
  const { turnId, conversationId } = turn;
  const steps = store.turns(conversationId).find((candidate) => candidate.turn.turnId === turnId)?.steps ?? [];
  const usage = steps.reduce<Usage | undefined>((sum, step) => addUsage(sum, step.usage), undefined) ?? null;
  store.attempt([
    ...historyWrites(turn, journal, journal.length > 0),
    {
      ...{ kind: "turn.ended", turnId, endedAt, reason: "interrupted", end: "crashed" },
      ...{ durationMs: null, usage, contextSize: null },
    },
  ]);
}

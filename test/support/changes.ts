// The orchestrator's changes as the built-in surfaces hear them, told by a test.
import type { OrchestratorChange } from "../../src/embedded/orchestrator/context.ts";
import type { Changes } from "../../src/embedded/surfaces/changes.ts";

export function changesOf(): { changes: Changes; tell(change: OrchestratorChange): void; listeners(): number } {
  const listeners = new Set<(change: OrchestratorChange) => void>();
  return {
    changes: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tell: (change) => {
      for (const listener of [...listeners]) listener(change);
    },
    listeners: () => listeners.size,
  };
}

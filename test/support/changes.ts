// A source of orchestrator changes for tests of the built-in surfaces. The test emits each change.
import type { Changes, OrchestratorChange } from "../../src/embedded/orchestrator/context.ts";

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

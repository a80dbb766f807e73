// How the built-in surfaces learn that their content has changed.
import type { OrchestratorChange } from "../orchestrator/context.ts";

/** Calls the listener after each change. The returned function unsubscribes it. */
export type Changes = (listener: (change: OrchestratorChange) => void) => () => void;

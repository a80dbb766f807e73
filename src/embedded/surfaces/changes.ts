// How the built-in surfaces hear that they should be built anew.
import type { OrchestratorChange } from "../orchestrator/context.ts";

/** Calls the listener after each change, until the function returned is called. */
export type Changes = (listener: (change: OrchestratorChange) => void) => () => void;

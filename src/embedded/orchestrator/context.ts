// What the parts of the orchestrator share: the world behind them, and whom to tell of a change.

import type { Limits } from "../../limits.ts";
import type { Tool } from "../../ports/agent.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Refused } from "../../ports/orchestrator.ts";
import type { Store } from "../../ports/store.ts";
import type { Broadcast } from "../../protocol/broadcast.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { ReadAgentEvent } from "./agent-event.ts";
import type { LoopTurnCounter } from "./loop-turn-counter.ts";
import type { Models } from "./models.ts";
import type { SettleQueue } from "./settle-queue.ts";

/** What the built-in surfaces may want to show anew. */
export type OrchestratorChange =
  | { what: "queue" | "activity" | "settings"; conversationId: string }
  /** How many turns run, or whether new ones are refused. */
  | { what: "turns" };

export interface Services {
  store: Store;
  models: Models;
  tools: Tool[];
  clock: Clock;
  logger: Logger;
  limits: Limits;
  settleQueue: SettleQueue;
  loopTurns: LoopTurnCounter;
  readAgentEvent: ReadAgentEvent;
  /** Why no turn may begin in the conversation now; one that carries texts over has its place already. */
  refusal(conversationId: string): Refused | undefined;
  isDraining(): boolean;
  broadcast(message: Broadcast): void;
  changed(change: OrchestratorChange): void;
}

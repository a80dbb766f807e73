// What the parts of the orchestrator share: its ports, limits and clock, and the functions that announce a change.
import type { TurnEnd } from "../../../machines/turn.ts";
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

/** A change of something that the built-in surfaces show. */
export type OrchestratorChange =
  | { what: "queue" | "activity" | "settings"; conversationId: string }
  /** The number of running turns, or whether new ones are refused. */
  | { what: "turns" };

/** Calls the listener after each change. The returned function unsubscribes it. */
export type Changes = (listener: (change: OrchestratorChange) => void) => () => void;

export interface Services {
  store: Store;
  models: Models;
  tools: Tool[];
  clock: Clock;
  logger: Logger;
  limits: Limits;
  /** A turn without a watcher for this time is ended. Infinity: never. */
  orphanMs: number;
  settleQueue: SettleQueue;
  loopTurns: LoopTurnCounter;
  readAgentEvent: ReadAgentEvent;
  /** Why no turn may start in this conversation now; undefined when one may. */
  refusal(conversationId: string): Refused | undefined;
  isDraining(): boolean;
  broadcast(message: Broadcast): void;
  /** Called once for each turn, when its `done` is emitted. */
  turnEnded(end: TurnEnd): void;
  changed(change: OrchestratorChange): void;
}

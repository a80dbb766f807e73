// Runs an agent to its end, however that comes: it returns, it throws, or nobody listens any more. Must never let an
// agent that only speaks and never waits hold the event loop.

import type { TurnFailure } from "../../../machines/turn.ts";
import type { Limits } from "../../limits.ts";
import { limits as allLimits } from "../../limits.ts";
import type { Agent, AgentResult, AgentRun } from "../../ports/agent.ts";
import type { LoopTurns } from "./loop-turns.ts";

export type AgentOutcome =
  | { kind: "finished"; result: AgentResult }
  | { kind: "failed"; failure: TurnFailure }
  /** Nobody listened any more. */
  | { kind: "left" };

export interface AgentAudience {
  /** Takes one value that the agent yielded, whatever it is; false when it wants no more. */
  take(value: unknown): boolean;
  readonly isListening: boolean;
}

export async function followAgent(
  agent: Agent,
  run: AgentRun,
  audience: AgentAudience,
  { loopTurns, limits }: { loopTurns: LoopTurns; limits: Limits },
): Promise<AgentOutcome> {
  // That the turn has begun goes out before the agent's first work.
  await loopTurns.next();
  if (!audience.isListening) return { kind: "left" };
  try {
    const values = agent.run(run);
    // Values since the event loop has last turned: who waits now and then is not made to wait in the middle of a burst.
    let count = 0;
    let loopTurn = 0;
    for (;;) {
      const next = await values.next();
      if (loopTurn !== loopTurns.current) {
        loopTurn = loopTurns.current;
        count = 0;
      }
      if (!audience.isListening) break;
      if (next.done) return { kind: "finished", result: resultOf(next.value) };
      if (!audience.take(next.value)) break;
      if (++count >= limits.agentEventsPerLoopTurn) await loopTurns.next();
      if (!audience.isListening) break;
    }
    await values.return?.({ reason: "stop" });
    return { kind: "left" };
  } catch (error) {
    return audience.isListening ? { kind: "failed", failure: failureOf(error) } : { kind: "left" };
  }
}

const reasons: ReadonlySet<unknown> = new Set<AgentResult["reason"]>(["stop", "length", "tool-calls"]);
const isReason = (value: unknown): value is AgentResult["reason"] => reasons.has(value);

/** An agent that returns nonsense has still finished. */
function resultOf(value: unknown): AgentResult {
  if (typeof value !== "object" || value === null) return { reason: "stop" };
  const reason = "reason" in value && isReason(value.reason) ? value.reason : "stop";
  const size = "contextSize" in value ? value.contextSize : undefined;
  return typeof size === "number" && Number.isFinite(size) ? { reason, contextSize: size } : { reason };
}

/** What a person may know of an error: its message and code, never its stack. */
export function failureOf(error: unknown): TurnFailure {
  const said = error instanceof Error ? String(error.message) : typeof error === "string" ? error : "";
  const message = said.slice(0, allLimits.shortStringCharactersMax) || "the agent failed without saying why";
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && code !== "" ? { message, code: code.slice(0, 200) } : { message };
}

// Runs an agent until it returns, throws, or is no longer listened to. Must never let an agent that yields without ever
// waiting block the event loop.
import type { TurnFailure } from "../../../machines/turn.ts";
import type { Limits } from "../../limits.ts";
import type { Agent, AgentResult, AgentRun } from "../../ports/agent.ts";
import { pieces } from "../../protocol/text-size.ts";
import type { LoopTurnCounter } from "./loop-turn-counter.ts";

export type AgentOutcome =
  | { kind: "finished"; result: AgentResult }
  | { kind: "failed"; failure: TurnFailure }
  /** The audience stopped listening first. */
  | { kind: "left" };

export interface AgentAudience {
  /** Takes one yielded value, valid or not. */
  take(value: unknown): void;
  /** False when no more values are wanted. */
  isListening(): boolean;
}

export async function followAgent(
  agent: Agent,
  run: AgentRun,
  audience: AgentAudience,
  { loopTurns, limits }: { loopTurns: LoopTurnCounter; limits: Limits },
): Promise<AgentOutcome> {
  // The start of the turn is sent before the agent's first work.
  await loopTurns.next();
  if (!audience.isListening()) return { kind: "left" };
  try {
    const values = agent.run(run);
    // Counted per event-loop turn, so that an agent that waits by itself is not also paused within a burst.
    let count = 0;
    let characters = 0;
    let loopTurn = 0;
    while (audience.isListening()) {
      const next = await values.next();
      if (!audience.isListening()) break;
      if (next.done) return { kind: "finished", result: resultOf(next.value) };
      for (const part of partsOf(next.value, limits.deltaCharactersMax)) {
        if (loopTurn !== loopTurns.current) {
          loopTurn = loopTurns.current;
          count = 0;
          characters = 0;
        }
        audience.take(part);
        if (!audience.isListening()) break;
        characters += charactersOf(part);
        if (++count >= limits.agentEventsPerLoopTurn || characters >= limits.deltaCharactersMax) await loopTurns.next();
        if (!audience.isListening()) break;
      }
    }
    await values.return?.({ reason: "stop" });
    return { kind: "left" };
  } catch (error) {
    return audience.isListening() ? { kind: "failed", failure: failureOf(error, limits) } : { kind: "left" };
  }
}

const hasText = (value: unknown): value is { delta: string } =>
  typeof value === "object" && value !== null && "delta" in value && typeof value.delta === "string";

const charactersOf = (value: unknown): number => (hasText(value) ? value.delta.length : 0);

/** Splits a long delta, so that the event loop can turn between its parts. */
function* partsOf(value: unknown, charactersMax: number): Generator<unknown> {
  if (charactersOf(value) <= charactersMax || !hasText(value)) yield value;
  else for (const delta of pieces(value.delta, charactersMax)) yield { ...value, delta };
}

const reasons: ReadonlySet<unknown> = new Set<AgentResult["reason"]>(["stop", "length", "tool-calls"]);
const isReason = (value: unknown): value is AgentResult["reason"] => reasons.has(value);

/** An agent that returns an invalid result has still finished. */
function resultOf(value: unknown): AgentResult {
  if (typeof value !== "object" || value === null) return { reason: "stop" };
  const reason = "reason" in value && isReason(value.reason) ? value.reason : "stop";
  const size = "contextSize" in value ? value.contextSize : undefined;
  return typeof size === "number" && Number.isFinite(size) ? { reason, contextSize: size } : { reason };
}

/** What a client may see of an error: its message and code, never its stack. */
function failureOf(error: unknown, { shortStringCharactersMax }: Limits): TurnFailure {
  const said = error instanceof Error ? String(error.message) : typeof error === "string" ? error : "";
  const message = said.slice(0, shortStringCharactersMax) || "the agent failed without saying why";
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && code !== "" ? { message, code: code.slice(0, 200) } : { message };
}

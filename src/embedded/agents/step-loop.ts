// The step loop that the built-in agents share: call the model, run the tools it asks for, add the texts queued
// meanwhile, repeat. Must never emit an event larger than the protocol allows, nor leave a tool call without its result
// unless the turn is aborted.
import { randomInt, randomUUID } from "node:crypto";
import type { Limits } from "../../limits.ts";
import type { AgentEvent, AgentMessage, AgentResult, AgentRun } from "../../ports/agent.ts";
import type { Chunk } from "../../protocol/chunk.ts";
import { isUsableId } from "../../protocol/fields.ts";
import { eventHeadBytes, pieces } from "../../protocol/text-size.ts";
import type { Clock } from "../../runtime/clock.ts";
import { StepTimer } from "./step-timer.ts";
import { runTool, type ToolCallEvent } from "./tool-run.ts";

export type StepLimits = Pick<
  Limits,
  "eventBytesMax" | "toolRunMs" | "stepsPerTurnMax" | "deltaCharactersMax" | "idCharactersMax"
>;

/** The last event of every step: the model has finished. It stays inside the loop. */
export interface StepEnd {
  type: "step-end";
  reason: "stop" | "length" | "tool-calls";
  /** How many tokens the next call would start with. */
  contextSize?: number | undefined;
}

export interface StepContext {
  stepId: string;
  /** 0 for the first step of the turn. */
  index: number;
  /** The conversation, including what this turn has added. */
  messages: readonly AgentMessage[];
  /** Already started. The loop counts deltas and tool calls as tokens; a step may count tokens that emit no event. */
  timer: StepTimer;
  /** A unique id for a call: the proposed one if it is valid and unused. */
  toolCallId(proposed?: string): string;
  /** Marks a call that cannot be run; the reason becomes its result. Call this before yielding the call's event. */
  unusable(toolCallId: string, reason: string): void;
}

/** One model call. Yields the model's output and `usage`; the loop adds results, `step-complete` and `steering`. */
export type Step = (context: StepContext) => AsyncGenerator<AgentEvent | StepEnd, void, undefined>;

const cutOff = "The call was not run: the answer ended at the output limit, so its input may be incomplete.";
const tooLarge = "The call was not run: its input is too large.";

export async function* runSteps(
  run: AgentRun,
  clock: Clock,
  step: Step,
  limits: StepLimits,
): AsyncGenerator<AgentEvent, AgentResult, undefined> {
  const messages = [...run.messages];
  const takenIds = new Set(run.messages.flatMap(({ chunks }) => chunks.flatMap(callIdsOf)));
  const toolCallId = (proposed?: string): string => {
    const id = isUsableId(proposed, limits) && !takenIds.has(proposed) ? proposed : randomCallId();
    takenIds.add(id);
    return id;
  };

  for (let index = 0; ; index++) {
    const stepId = randomUUID();
    const timer = new StepTimer(clock);
    const unusable = new Map<string, string>();
    const calls: ToolCallEvent[] = [];
    const said: Chunk[] = [];
    let end: StepEnd | undefined;
    const context: StepContext = {
      stepId,
      index,
      messages,
      timer,
      toolCallId,
      unusable: (id, reason) => unusable.set(id, reason),
    };
    for await (const event of step(context)) {
      if (event.type === "step-end") end = event;
      else if (event.type === "text-delta" || event.type === "reasoning-delta") {
        timer.token();
        addText(said, event.type === "text-delta" ? "text" : "thinking", event.delta);
        for (const delta of pieces(event.delta, limits.deltaCharactersMax)) yield { type: event.type, delta };
      } else if (event.type === "tool-call") {
        timer.token();
        const call = fitting(event, limits.eventBytesMax - eventHeadBytes);
        if (call !== event) unusable.set(call.toolCallId, tooLarge);
        calls.push(call);
        said.push(chunkOf(call));
        yield call;
      } else yield event;
    }
    run.signal.throwIfAborted();
    if (!end) throw new Error("a step ended without its step-end");
    const timings = timer.timings();

    const results: Chunk[] = [];
    for (const call of calls) {
      const reason = end.reason === "length" ? cutOff : unusable.get(call.toolCallId);
      for await (const event of runTool({ call, unusable: reason, run, clock, limits })) {
        if (event.type === "tool-result") results.push(chunkOf(event));
        yield event;
      }
    }
    yield { type: "step-complete", stepId, ...timings };

    const contextSize = end.contextSize;
    if (end.reason === "length") return { reason: "length", contextSize };
    if (calls.length === 0) return { reason: "stop", contextSize };
    if (index + 1 >= limits.stepsPerTurnMax) return { reason: "tool-calls", contextSize };
    messages.push({ role: "assistant", chunks: said }, { role: "tool", chunks: results });
    const text = run.drainSteering();
    if (text !== undefined) {
      yield { type: "steering", text };
      messages.push({ role: "user", chunks: [{ type: "text", text }] });
    }
  }
}

/** Nine letters and digits, which every endpoint takes back. */
const randomCallId = (): string => Array.from({ length: 9 }, () => randomInt(36).toString(36)).join("");

const callIdsOf = (chunk: Chunk): string[] => (chunk.type === "tool-call" ? [chunk.toolCallId] : []);

function addText(chunks: Chunk[], type: "text" | "thinking", text: string): void {
  const last = chunks.at(-1);
  if (last?.type === type) last.text += text;
  else chunks.push({ type, text });
}

function chunkOf(event: Extract<AgentEvent, { type: "tool-call" | "tool-result" }>): Chunk {
  const { stepId, toolCallId, toolName } = event;
  if (event.type === "tool-call") return { type: "tool-call", stepId, toolCallId, toolName, input: event.input };
  return { type: "tool-result", stepId, toolCallId, toolName, content: event.content, isError: event.isError };
}

/** The call itself. If its input does not fit into an event, a note replaces the input. */
function fitting(call: ToolCallEvent, inputBytesMax: number): ToolCallEvent {
  const encoded = JSON.stringify(call.input) ?? "";
  if (Buffer.byteLength(encoded) <= inputBytesMax) return call;
  return { ...call, input: { cut: `the input had ${encoded.length} characters` } };
}

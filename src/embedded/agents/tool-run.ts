// Runs one tool call: passes its output on while it runs, and ends with exactly one result unless the turn is aborted.
// A tool must never be able to block or end a turn by throwing, hanging or flooding.
import type { Limits } from "../../limits.ts";
import type { AgentEvent, AgentRun, Tool } from "../../ports/agent.ts";
import { cutToolText, encodedBytes, eventHeadBytes } from "../../protocol/text-size.ts";
import type { Clock } from "../../runtime/clock.ts";
import { AsyncQueue } from "./async-queue.ts";

export type ToolCallEvent = Extract<AgentEvent, { type: "tool-call" }>;
export type ToolOutputEvent = Extract<AgentEvent, { type: "tool-output" }>;
export type ToolResultEvent = Extract<AgentEvent, { type: "tool-result" }>;

export interface ToolRun {
  call: ToolCallEvent;
  /** Set when the call cannot be run: the reason becomes its result. */
  unusable?: string | undefined;
  run: Pick<AgentRun, "tools" | "signal" | "cwd">;
  clock: Clock;
  limits: Pick<Limits, "eventBytesMax" | "toolRunMs">;
}

interface Outcome {
  content: string;
  isError: boolean;
}

export async function* runTool(toolRun: ToolRun): AsyncGenerator<ToolOutputEvent | ToolResultEvent, void, undefined> {
  const { call, unusable, run, clock, limits } = toolRun;
  const { stepId, toolCallId, toolName } = call;
  const startedAt = clock.now();
  const textBytesMax = limits.eventBytesMax - eventHeadBytes;
  const result = ({ content, isError }: Outcome): ToolResultEvent => ({
    type: "tool-result",
    stepId,
    toolCallId,
    toolName,
    content: cutToolText(content, textBytesMax),
    isError,
    durationMs: Math.round(clock.now() - startedAt),
  });

  run.signal.throwIfAborted();
  if (unusable !== undefined) return yield result({ content: unusable, isError: true });
  const tool = run.tools.find((known) => known.name === toolName);
  if (!tool) return yield result({ content: unknownTool(toolName, run.tools), isError: true });

  const stop = new AbortController();
  const output = new AsyncQueue<ToolOutputEvent>();
  let outputBytesLeft = textBytesMax;
  const onOutput = (data: string, stream: "stdout" | "stderr"): void => {
    if (outputBytesLeft <= 0) return;
    const text = String(data);
    const shown = cutToolText(text, outputBytesLeft);
    outputBytesLeft = shown === text ? outputBytesLeft - encodedBytes(text) : 0;
    output.push({ type: "tool-output", toolCallId, data: shown, stream: stream === "stderr" ? "stderr" : "stdout" });
  };
  const attempt = (): Promise<Outcome> => outcomeOf(tool, call.input, { signal: stop.signal, cwd: run.cwd, onOutput });
  const settled = withinBounds(attempt, stop, run.signal, clock, limits.toolRunMs).finally(() => output.close());
  // Awaited below. A reader that leaves earlier must not turn an abort into an unhandled rejection.
  settled.catch(() => {});
  try {
    yield* output;
    yield result(await settled);
  } finally {
    stop.abort();
  }
}

/** Never rejects: what a tool throws, or a result that is not JSON, becomes an error outcome. */
async function outcomeOf(tool: Tool, input: unknown, context: Parameters<Tool["run"]>[1]): Promise<Outcome> {
  try {
    const value = await tool.run(input, context);
    return { content: typeof value === "string" ? value : (JSON.stringify(value) ?? ""), isError: false };
  } catch (error) {
    return { content: messageOf(error), isError: true };
  }
}

/** The attempt's outcome, or an error outcome after runMs. Rejects when the turn is aborted. */
function withinBounds(
  attempt: () => Promise<Outcome>,
  stop: AbortController,
  signal: AbortSignal,
  clock: Clock,
  runMs: number,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const release = (): void => {
      clock.clearTimeout(deadline);
      signal.removeEventListener("abort", onAbort);
    };
    const onAbort = (): void => {
      stop.abort(signal.reason);
      reject(signal.reason);
    };
    const deadline = clock.setTimeout(() => {
      const message = `The tool did not finish within ${runMs / 1000} s and was told to stop.`;
      stop.abort(new Error(message));
      resolve({ content: message, isError: true });
    }, runMs);
    signal.addEventListener("abort", onAbort, { once: true });
    // Every way that a run can end aborts `stop`, so the timer and the listener are always released.
    stop.signal.addEventListener("abort", release, { once: true });
    attempt().then((outcome) => {
      release();
      resolve(outcome);
    });
  });
}

function unknownTool(name: string, tools: Tool[]): string {
  const known = tools.map((tool) => tool.name).join(", ");
  return `There is no tool "${name}". ${known === "" ? "No tools are offered." : `The tools are: ${known}.`}`;
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message || error.name;
  try {
    return String(error);
  } catch {
    return "The tool threw a value that cannot be shown.";
  }
}

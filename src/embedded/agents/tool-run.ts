// Runs one tool call: passes its output on while it runs, and ends with exactly one result unless the turn is aborted.
// A tool must never be able to block or end a turn by throwing, hanging or flooding.
import { EventEmitter, on } from "node:events";
import type { Limits } from "../../limits.ts";
import type { AgentEvent, AgentRun, Tool } from "../../ports/agent.ts";
import { cutToolText, encodedBytes, eventHeadBytes } from "../../protocol/text-size.ts";
import { type Clock, sleep } from "../../runtime/clock.ts";

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
  const onAbort = (): void => stop.abort(run.signal.reason);
  run.signal.addEventListener("abort", onAbort, { once: true });
  const output = new EventEmitter();
  const reading: AsyncIterable<ToolOutputEvent[]> = on(output, "output", { close: ["end"] });
  let outputBytesLeft = textBytesMax;
  const onOutput = (data: string, from: "stdout" | "stderr"): void => {
    if (outputBytesLeft <= 0) return;
    const text = String(data);
    const shown = cutToolText(text, outputBytesLeft);
    outputBytesLeft = shown === text ? outputBytesLeft - encodedBytes(text) : 0;
    const stream = from === "stderr" ? "stderr" : "stdout";
    const event: ToolOutputEvent = { type: "tool-output", toolCallId, data: shown, stream };
    output.emit("output", event);
  };
  try {
    const overdue = sleep(clock, limits.toolRunMs, stop.signal).then((): Outcome => {
      const message = `The tool did not finish within ${limits.toolRunMs / 1000} s and was told to stop.`;
      stop.abort(new Error(message));
      return { content: message, isError: true };
    });
    const running = outcomeOf(tool, call.input, { signal: stop.signal, cwd: run.cwd, onOutput });
    const outcome = Promise.race([running, overdue]).finally(() => output.emit("end"));
    for await (const events of reading) yield* events;
    const settled = await outcome;
    run.signal.throwIfAborted();
    yield result(settled);
  } finally {
    run.signal.removeEventListener("abort", onAbort);
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

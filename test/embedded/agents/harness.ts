// Runs an agent to its end in a test, on a simulated clock or the real one, with a deadline.
import type { AgentEvent, AgentResult, AgentRun } from "../../../src/ports/agent.ts";
import type { SimulatedClock } from "../../support/clock.ts";

export interface Played {
  events: AgentEvent[];
  result?: AgentResult;
  error?: unknown;
}

export function runOf(text: string, change: Partial<AgentRun> = {}): AgentRun {
  return {
    prompt: text,
    messages: [{ role: "user", chunks: [{ type: "text", text }] }],
    model: "test",
    tools: [],
    signal: new AbortController().signal,
    reasoningEffort: undefined,
    cwd: undefined,
    drainSteering: () => undefined,
    ...change,
  };
}

export interface PlayOptions {
  /** Advanced in steps of stepMs while the agent runs. */
  clock?: SimulatedClock;
  stepMs?: number;
  deadlineMs?: number;
  /** Called with each event as it arrives. */
  onEvent?(event: AgentEvent): void;
}

export async function play(
  generator: AsyncGenerator<AgentEvent, AgentResult>,
  { clock, stepMs = 10, deadlineMs = 10_000, onEvent }: PlayOptions = {},
): Promise<Played> {
  const played: Played = { events: [] };
  let over = false;
  const ending = (async () => {
    try {
      for (;;) {
        const next = await generator.next();
        if (next.done) {
          played.result = next.value;
          return;
        }
        played.events.push(next.value);
        onEvent?.(next.value);
      }
    } catch (error) {
      played.error = error;
    } finally {
      over = true;
    }
  })();
  const until = performance.now() + deadlineMs;
  while (!over) {
    if (performance.now() > until) throw new Error(`the agent did not end; events: ${JSON.stringify(played.events)}`);
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (!over) clock?.advance(stepMs);
  }
  await ending;
  return played;
}

/** Rejects when the promise has not settled after deadlineMs. */
export async function within<T>(promise: Promise<T>, deadlineMs = 5_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not settled within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

export const ofType = <Type extends AgentEvent["type"]>(events: AgentEvent[], type: Type) =>
  events.filter((event): event is Extract<AgentEvent, { type: Type }> => event.type === type);

export const textIn = (events: AgentEvent[]): string =>
  ofType(events, "text-delta")
    .map(({ delta }) => delta)
    .join("");

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : `no Error: ${String(error)}`;
}

export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** The generator's next event, or undefined when the generator has ended. */
export async function nextEvent(generator: AsyncGenerator<AgentEvent, AgentResult>): Promise<AgentEvent | undefined> {
  const next = await within(generator.next());
  return next.done ? undefined : next.value;
}

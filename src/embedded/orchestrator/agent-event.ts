// Validates what an agent yields: the result is an event of the agent port without unknown fields, or undefined. Must
// never let through a value that JSON cannot hold.
import * as v from "valibot";
import type { Limits } from "../../limits.ts";
import type { AgentEvent } from "../../ports/agent.ts";

/** A field that is undefined or null counts as missing: agents pass on what providers send. */
const withoutEmpty = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));

const fieldsOf = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(v.record(v.string(), v.unknown()), v.transform(withoutEmpty), v.object(entries));

const amount = v.pipe(v.number(), v.finite(), v.minValue(0));

/** A copy that the agent cannot change later. An input that JSON cannot hold becomes a note. */
function jsonOf(input: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(input ?? null));
  } catch {
    return { unreadable: "the input could not be written as JSON" };
  }
}

const usage = fieldsOf({
  inputTokens: amount,
  outputTokens: amount,
  cacheReadTokens: v.exactOptional(amount),
  cacheWriteTokens: v.exactOptional(amount),
});

function schemasFor({ shortStringCharactersMax }: Pick<Limits, "shortStringCharactersMax">) {
  const name = v.pipe(v.string(), v.maxLength(shortStringCharactersMax));
  return {
    "tool-call": fieldsOf({
      type: v.literal("tool-call"),
      stepId: name,
      toolCallId: name,
      toolName: name,
      input: v.pipe(v.optional(v.unknown(), null), v.transform(jsonOf)),
    }),
    "tool-output": fieldsOf({
      type: v.literal("tool-output"),
      toolCallId: name,
      data: v.string(),
      stream: v.picklist(["stdout", "stderr"]),
    }),
    "tool-result": fieldsOf({
      type: v.literal("tool-result"),
      stepId: name,
      toolCallId: name,
      toolName: name,
      content: v.string(),
      isError: v.boolean(),
      durationMs: v.exactOptional(amount),
    }),
    usage: fieldsOf({ type: v.literal("usage"), stepId: v.exactOptional(name), usage }),
    "step-complete": fieldsOf({
      type: v.literal("step-complete"),
      stepId: name,
      ttftMs: v.exactOptional(amount),
      decodeMs: v.exactOptional(amount),
      genTotalMs: v.exactOptional(amount),
    }),
    steering: fieldsOf({ type: v.literal("steering"), text: v.string() }),
    "provider-retry": fieldsOf({
      type: v.literal("provider-retry"),
      attempt: amount,
      delayMs: amount,
      message: v.pipe(
        v.string(),
        v.transform((message) => message.slice(0, shortStringCharactersMax)),
      ),
      code: v.exactOptional(name),
    }),
  } as const;
}

/** Undefined when the value is not an event of the port. Throws when a getter of the value throws. */
export type ReadAgentEvent = (value: unknown) => AgentEvent | undefined;

/** Builds the schemas once for an orchestrator. */
export function agentEventReader(limits: Pick<Limits, "shortStringCharactersMax">): ReadAgentEvent {
  const schemas = schemasFor(limits);
  const isKnown = (type: unknown): type is keyof typeof schemas =>
    typeof type === "string" && Object.hasOwn(schemas, type);
  return (value) => {
    if (typeof value !== "object" || value === null || !("type" in value)) return undefined;
    const { type } = value;
    // Deltas are most of the events, and need no schema.
    if (type === "text-delta" || type === "reasoning-delta") {
      const delta = "delta" in value ? value.delta : undefined;
      return typeof delta === "string" ? { type, delta } : undefined;
    }
    if (!isKnown(type)) return undefined;
    const parsed = v.safeParse(schemas[type], value);
    return parsed.success ? parsed.output : undefined;
  };
}

// Decides which fields of an event or a context the Stately inspector gets. Fields are hidden unless they are listed
// here, so a field that is added later is hidden until someone lists it.
import type { AnyEventObject, AnyMachineSnapshot, StateValue } from "xstate";
import type { Payloads } from "../inspection/answers.ts";

export interface DisclosedEvent {
  type: string;
  [field: string]: unknown;
}

export interface DisclosedSnapshot {
  status: "active" | "done" | "error" | "stopped";
  value: StateValue;
  context: unknown;
  tags: string[];
  output?: unknown;
  error?: unknown;
}

/** Ids and our own keywords. Texts of users, agents and providers have other names. */
const shownFields: ReadonlySet<string> = new Set([
  "actionId",
  "actorId",
  "connectionId",
  "conversationId",
  "instance",
  "messageId",
  "newConversationId",
  "status",
  "surfaceId",
  "turnId",
  "type",
]);

/** Objects inside an event to which the same rule applies: an actor's input, and a broadcast. */
const containers: ReadonlySet<string> = new Set(["input", "broadcast"]);

export class Disclosure {
  readonly #payloads: Payloads;
  readonly #charactersMax: number;

  /** @param charactersMax of one event or context as JSON, when payloads are shown. */
  constructor(payloads: Payloads, charactersMax: number) {
    this.#payloads = payloads;
    this.#charactersMax = charactersMax;
  }

  event(event: AnyEventObject): DisclosedEvent {
    const { type } = event;
    return { ...fieldsOf(this.#show(event)), type };
  }

  snapshot(snapshot: AnyMachineSnapshot): DisclosedSnapshot {
    const { status, value, context, tags, output, error } = snapshot;
    const shown: DisclosedSnapshot = { status, value, context: this.#show(context), tags: [...tags] };
    if (output !== undefined) shown.output = this.#show(output);
    if (error !== undefined) shown.error = this.#payloads === "full" ? this.#show(error) : "not shown";
    return shown;
  }

  #show(value: unknown): unknown {
    try {
      return this.#payloads === "full" ? this.#copy(value) : namedFieldsOf(value);
    } catch {
      // A host's object may be anything: its getters may throw, and it may be circular.
      return { notShown: "no JSON" };
    }
  }

  #copy(value: unknown): unknown {
    const text = JSON.stringify(value, plain);
    if (text === undefined) return undefined;
    return text.length > this.#charactersMax ? { notShown: `${text.length} characters` } : JSON.parse(text);
  }
}

function namedFieldsOf(value: unknown): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fieldsOf(value))) {
    if (shownFields.has(name) && isPrimitive(field)) shown[name] = field;
    else if (containers.has(name)) shown[name] = namedFieldsOf(field);
  }
  return shown;
}

const fieldsOf = (value: unknown): object => (typeof value === "object" && value !== null ? value : {});

const isPrimitive = (value: unknown): boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean";

function plain(_name: string, value: unknown): unknown {
  if (value instanceof Error) return { ...value, name: value.name, message: value.message };
  return typeof value === "bigint" ? String(value) : value;
}

// What an inspector shows of an event or a context where texts are shown (--inspect=full): plain data, within a limit.
import { errorMessage } from "../../ports/guard.ts";

/** The value as JSON would hold it; as text where it has more characters than that, cut. Never throws. */
export function shown(value: unknown, charactersMax: number): unknown {
  try {
    const text = JSON.stringify(value, plain);
    if (text === undefined) return undefined;
    return text.length <= charactersMax ? JSON.parse(text) : `${text.slice(0, charactersMax)}…`;
  } catch (error) {
    // A host's object may be anything: its getters may throw, and it may be circular.
    return `this cannot be shown as JSON: ${errorMessage(error)}`;
  }
}

function plain(_name: string, value: unknown): unknown {
  return value instanceof Error || typeof value === "bigint" ? String(value) : value;
}

// Makes an orchestrator's event small enough to send. An oversized event would disconnect every watcher. Deltas and
// tool output are split, and must never lose text here. A tool result is cut, with a note.
import type { Limits } from "../limits.ts";
import type { LoggedEvent } from "../ports/orchestrator.ts";
import { cutToolText, eventHeadBytes, pieces } from "../protocol/text-size.ts";

/** @returns the event itself when it fits, otherwise the events that replace it. */
export function splitEvent(
  event: LoggedEvent,
  { deltaCharactersMax, eventBytesMax }: Pick<Limits, "deltaCharactersMax" | "eventBytesMax">,
): LoggedEvent[] {
  const split = (field: "delta" | "data"): LoggedEvent[] => {
    const text = event[field];
    if (typeof text !== "string" || text.length <= deltaCharactersMax) return [event];
    return [...pieces(text, deltaCharactersMax)].map((part) => ({ ...event, [field]: part }));
  };
  switch (event.type) {
    case "text-delta":
    case "reasoning-delta":
      return split("delta");
    case "tool-output":
      return split("data");
    case "tool-result": {
      const text = event["content"];
      if (typeof text !== "string") return [event];
      const content = cutToolText(text, eventBytesMax - eventHeadBytes);
      return content === text ? [event] : [{ ...event, content }];
    }
    default:
      return [event];
  }
}

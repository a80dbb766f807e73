// An orchestrator's event made to fit (design 3: tool text is cut with a note): an event that no socket can be given in
// one piece would cut off everybody who watches. Text of an answer must never be lost here: it is only parted.

import type { Limits } from "../limits.ts";
import type { LoggedEvent } from "../ports/orchestrator.ts";
import { cutToolText, eventHeadBytes, pieces } from "../protocol/text-size.ts";

/** The event, or the several that it becomes. */
export function splitEvent(
  event: LoggedEvent,
  { deltaCharactersMax, eventBytesMax }: Pick<Limits, "deltaCharactersMax" | "eventBytesMax">,
): LoggedEvent[] {
  const parted = (field: "delta" | "data"): LoggedEvent[] => {
    const text = event[field];
    if (typeof text !== "string" || text.length <= deltaCharactersMax) return [event];
    return [...pieces(text, deltaCharactersMax)].map((piece) => ({ ...event, [field]: piece }));
  };
  switch (event.type) {
    case "text-delta":
    case "reasoning-delta":
      return parted("delta");
    case "tool-output":
      return parted("data");
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

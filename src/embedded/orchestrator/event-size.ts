// The size bounds of events and turns: an event that is too large is split or truncated, and a running turn's log has a
// budget. Must never let through an event larger than the protocol allows.
import type { Limits } from "../../limits.ts";
import type { AgentEvent } from "../../ports/agent.ts";
import { objectJson } from "../../protocol/json-cache.ts";
import { cutToolText, encodedBytes, eventHeadBytes, pieces } from "../../protocol/text-size.ts";
import type { TurnEventBody } from "../../protocol/turn-event.ts";

/** The event as events that fit: long text is split, a result is truncated, an oversized input is replaced. */
export function fitted(event: AgentEvent, limits: Limits): AgentEvent[] {
  const bytesMax = limits.eventBytesMax - eventHeadBytes;
  switch (event.type) {
    case "text-delta":
    case "reasoning-delta":
      if (event.delta.length <= limits.deltaCharactersMax) return event.delta === "" ? [] : [event];
      return [...pieces(event.delta, limits.deltaCharactersMax)].map((delta) => ({ type: event.type, delta }));
    case "tool-output":
      return [...pieces(event.data, limits.deltaCharactersMax)].map((data) => ({ ...event, data }));
    case "tool-result":
      return [{ ...event, content: cutToolText(event.content, bytesMax) }];
    case "tool-call": {
      const encoded = JSON.stringify(event.input);
      if (encodedBytes(encoded, bytesMax) <= bytesMax) return [event];
      return [{ ...event, input: { cut: `the input had ${encoded.length} characters` } }];
    }
    default:
      return [event];
  }
}

// Memory in the log beside an event's encoding. The bytes of the conversation's id are added for each copy of it.
/** For an event, or the first delta of a run. */
const eventOverheadBytes = 512;
/** For each further delta of a run. */
const deltaOverheadBytes = 16;
/** Once per turn, for the heads that its text and reasoning deltas share; they hold the id `idsInHeads` times. */
const turnOverheadBytes = 2_048;
const idsInHeads = 4;

export class LogBudget {
  readonly #bytesMax: number;
  readonly #eventBytes: number;
  #bytes: number;
  #lastType = "";

  constructor(bytesMax: number, conversationId: string) {
    const idBytes = Buffer.byteLength(JSON.stringify(conversationId));
    this.#bytesMax = bytesMax;
    this.#eventBytes = eventOverheadBytes + idBytes;
    this.#bytes = turnOverheadBytes + idsInHeads * idBytes;
  }

  /** Counts the event. False when the budget is exceeded. */
  spend(body: TurnEventBody): boolean {
    const continues = body.type === this.#lastType;
    this.#lastType = body.type;
    if (body.type === "text-delta" || body.type === "reasoning-delta")
      this.#bytes += encodedBytes(body.delta) + (continues ? deltaOverheadBytes : this.#eventBytes);
    else this.#bytes += Buffer.byteLength(objectJson(body) ?? "") + this.#eventBytes;
    return this.#bytes <= this.#bytesMax;
  }
}

// How large an event and a turn may become: events that are too large are cut into pieces or cut off, and the log of a
// running turn has a budget. Must never let an event past that the wire does not allow.

import type { Limits } from "../../limits.ts";
import type { AgentEvent } from "../../ports/agent.ts";
import { objectJson } from "../../protocol/json-cache.ts";
import { cutToolText, encodedBytes, eventHeadBytes, pieces } from "../../protocol/text-size.ts";
import type { TurnEventBody } from "../../protocol/turn-event.ts";

/** The event as one or more that fit: text comes in pieces, a result is cut, an input that is too large is left out. */
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

/**
 * What an event costs in the log beside its encoding: the first of a run of text, one more in the run, and once a turn
 * what its two kinds of text have in common. The conversation's id comes on top, as often as it stands there.
 */
const eventOverheadBytes = 512;
const partOverheadBytes = 16;
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

  /** False when the event goes beyond the budget. */
  spend(body: TurnEventBody): boolean {
    const continues = body.type === this.#lastType;
    this.#lastType = body.type;
    if (body.type === "text-delta" || body.type === "reasoning-delta")
      this.#bytes += encodedBytes(body.delta) + (continues ? partOverheadBytes : this.#eventBytes);
    else this.#bytes += Buffer.byteLength(objectJson(body) ?? "") + this.#eventBytes;
    return this.#bytes <= this.#bytesMax;
  }
}

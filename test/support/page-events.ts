// Builds a turn's events, numbered as on the wire, for tests of how the page shows them.

import type { Delta, Transcript } from "../../src/page/transcript.js";
import type { Block } from "../../src/page/turn-content.js";
import type { StoredChunk } from "../../src/protocol/chunk.ts";
import type { TurnEvent, TurnEventBody } from "../../src/protocol/turn-event.ts";

/** Builds the events of one conversation. Each call returns the next deltas of the epoch. */
export class Script {
  #seq: number;
  readonly epoch: string;

  constructor(epoch = "e1", seq = 0) {
    this.epoch = epoch;
    this.#seq = seq;
  }

  delta(turnId: string, body: TurnEventBody): Delta {
    const event: TurnEvent = { conversationId: "c", turnId, ...body };
    return { event, epoch: this.epoch, seq: ++this.#seq };
  }

  /** Several words in one delta, as a late joiner gets them. */
  joined(turnId: string, words: string[]): Delta {
    const fromSeq = this.#seq + 1;
    this.#seq += words.length;
    const event: TurnEvent = { conversationId: "c", turnId, type: "text-delta", delta: words.join("") };
    return { event, epoch: this.epoch, seq: this.#seq, fromSeq };
  }

  opening(turnId: string, text: string): Delta[] {
    return [this.delta(turnId, { type: "user-message", text }), this.delta(turnId, { type: "turn-start" })];
  }

  words(turnId: string, words: string[]): Delta[] {
    return words.map((delta) => this.delta(turnId, { type: "text-delta", delta }));
  }

  ending(turnId: string): Delta[] {
    return [
      this.delta(turnId, { type: "done", reason: "stop", durationMs: 5 }),
      this.delta(turnId, { type: "turn-sealed", latestSeq: 2 }),
    ];
  }

  turn(turnId: string, text: string, words: string[]): Delta[] {
    return [...this.opening(turnId, text), ...this.words(turnId, words), ...this.ending(turnId)];
  }
}

/** The two chunks of a plain turn: the prompt and the answer. */
export function storedTurn(turnId: string, firstSeq: number, prompt: string, answer: string): StoredChunk[] {
  return [
    { seq: firstSeq, role: "user", chunk: { type: "text", text: prompt }, turnId },
    { seq: firstSeq + 1, role: "assistant", chunk: { type: "text", text: answer }, turnId },
  ];
}

function textOf(block: Block): string {
  if ("parts" in block) return block.parts.join("");
  if ("text" in block) return block.text;
  return "url" in block ? block.url : "";
}

const shownBlock = (block: Block): string => {
  if (block.kind === "tool") return `tool(${block.result?.content ?? "…"})`;
  return block.kind === "text" ? textOf(block) : `${block.kind}(${textOf(block)})`;
};

/** What the page shows, one line per turn: "prompt > answer". */
export const shown = (transcript: Transcript): string[] =>
  transcript.turns.map((turn) => {
    const prompt = turn.prompt.map(textOf).join("+");
    return `${prompt} > ${turn.answer.map(shownBlock).join(" ")}`;
  });

// A turn's events, numbered as the wire numbers them, for tests of what the page makes of them.

import type { StoredChunk } from "../../src/protocol/chunk.ts";
import type { TurnEvent, TurnEventBody } from "../../src/protocol/turn-event.ts";
import type { Block, Delta, Transcript } from "./page-modules.ts";

/** Says the events of one conversation; each call gives the next delta of the epoch. */
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

/** The two chunks of a plain turn: what was asked, and the answer. */
export function storedTurn(turnId: string, firstSeq: number, prompt: string, answer: string): StoredChunk[] {
  return [
    { seq: firstSeq, role: "user", chunk: { type: "text", text: prompt }, turnId },
    { seq: firstSeq + 1, role: "assistant", chunk: { type: "text", text: answer }, turnId },
  ];
}

const shownBlock = (block: Block): string => {
  if (block.kind === "tool") return `tool(${block.result?.content ?? "…"})`;
  const text = block.parts?.join("") ?? block.text ?? block.url ?? "";
  return block.kind === "text" ? text : `${block.kind}(${text})`;
};

/** What a reader sees, one line a turn: "prompt > answer". */
export const shown = (transcript: Transcript): string[] =>
  transcript.turns.map((turn) => {
    const prompt = turn.prompt.map((block) => block.text ?? block.url).join("+");
    return `${prompt} > ${turn.answer.map(shownBlock).join(" ")}`;
  });

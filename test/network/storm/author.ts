// Keeps one conversation busy: requests one scripted turn after another over HTTP, and sometimes stops one. At the end
// it reads from the history what was generated, and compares it with the requested scripts.

import { scriptDelta } from "../../../src/embedded/agents/demo/script.ts";
import { isRecord } from "../../support/client/transcript.ts";
import type { Dice } from "../../support/dice.ts";
import { ask, historyOf, metricsOf, statusOf } from "../../support/system-http.ts";
import { historyMs } from "./reader.ts";
import type { Tally } from "./story.ts";
import { type KnownTurn, storedTurns } from "./view.ts";

interface Script {
  tokens: number;
  size: number;
  delayMs?: number;
  reasoning?: number;
  tools?: number;
  failAfter?: number;
}

/** A stored turn, with the reason of its end. */
export type TrueTurn = KnownTurn & { reason: string | undefined };

const lookMs = 40;
const textOf = (letter: "w" | "r", count: number, size: number): string =>
  Array.from({ length: count }, (_, index) => scriptDelta(letter, index, size)).join("");

function newScript(dice: Dice): Script {
  const extras = {
    ...(dice.chance(0.3) && { reasoning: dice.whole(1, 60) }),
    ...(dice.chance(0.3) && { tools: dice.whole(1, 3) }),
  };
  // Half of the turns run at full speed, up to 2 MB. The others are as slow as a model.
  if (dice.chance(0.5)) return { tokens: dice.whole(1, 12_000), size: dice.whole(8, 160), ...extras };
  const paced: Script = { tokens: dice.whole(1, 500), size: dice.whole(0, 400), delayMs: dice.whole(1, 12), ...extras };
  return dice.chance(0.1) ? { ...paced, failAfter: dice.whole(0, 100) } : paced;
}

export interface AuthorOptions {
  conversationId: string;
  httpUrl: () => string;
  dice: Dice;
  tally: Tally;
}

export class Author {
  readonly options: AuthorOptions;
  #isEnded = false;
  #done: Promise<void> | undefined;

  constructor(options: AuthorOptions) {
    this.options = options;
  }

  start(): void {
    this.#done = this.#write();
  }

  /** Resolves when the last turn is over. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await this.#done;
  }

  async #write(): Promise<void> {
    const { conversationId, dice, tally } = this.options;
    while (!this.#isEnded) {
      const text = JSON.stringify(newScript(dice));
      const stopAfterMs = dice.chance(0.15) ? dice.between(0, 800) : undefined;
      const pauseMs = dice.chance(0.5) ? 0 : dice.between(0, 700);
      await this.#tried("PUT", `/conversations/${conversationId}/model`, { model: "demo/script" });
      await this.#tried("POST", `/conversations/${conversationId}/queue`, { text });
      if (stopAfterMs !== undefined) {
        await new Promise((resolve) => setTimeout(resolve, stopAfterMs));
        if (await this.#tried("POST", `/conversations/${conversationId}/stop`)) tally.add("turns stopped");
      }
      while (await this.#isBusy()) await new Promise((resolve) => setTimeout(resolve, lookMs));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  async #tried(method: string, path: string, body?: unknown): Promise<boolean> {
    try {
      const { status } = await ask(this.#server(), path, { method, ...(body !== undefined && { body }) });
      if (status === 200) return true;
      this.options.tally.add(`answers ${status} to ${method}`);
    } catch {
      this.options.tally.add("requests without an answer");
    }
    await new Promise((resolve) => setTimeout(resolve, lookMs));
    return false;
  }

  async #isBusy(): Promise<boolean> {
    try {
      return (await statusOf(this.#server(), this.options.conversationId)).isActive;
    } catch {
      return true;
    }
  }

  /** What was generated, by turn id. @throws Error when it is not what was requested. */
  async truth(): Promise<Map<string, TrueTurn>> {
    const { conversationId } = this.options;
    const reasons = new Map(
      (await metricsOf(this.#server(), conversationId)).map((turn) => [turn.turnId, turn.reason]),
    );
    const turns = new Map<string, TrueTurn>();
    for (const [turnId, turn] of storedTurns(
      await historyOf(this.#server(), conversationId, { deadlineMs: historyMs }),
    )) {
      const reason = reasons.get(turnId);
      judge(turn, reason);
      turns.set(turnId, { ...turn, reason });
    }
    return turns;
  }

  #server(): { httpUrl: string } {
    return { httpUrl: this.options.httpUrl() };
  }
}

/** @throws Error unless this is the requested text, or its beginning if the turn was cut short. */
function judge({ prompt, text, reasoning, toolCalls }: KnownTurn, reason: string | undefined): void {
  const script: unknown = JSON.parse(prompt.split("\n\n").at(-1) ?? "");
  if (!isRecord(script)) throw new Error(`the prompt is not a script: ${prompt}`);
  const figure = (name: string): number => (typeof script[name] === "number" ? script[name] : 0);
  const tokens = Math.min(figure("tokens"), typeof script["failAfter"] === "number" ? script["failAfter"] : Infinity);
  const wanted = textOf("w", tokens, figure("size"));
  const wantedReasoning = textOf("r", figure("reasoning"), figure("size"));
  const isWhole = text === wanted && reasoning === wantedReasoning && toolCalls === figure("tools");
  const isBeginning = wanted.startsWith(text) && wantedReasoning.startsWith(reasoning) && toolCalls <= figure("tools");
  const mayBeCutShort = reason === "aborted" || reason === "interrupted";
  if (!isWhole && !(mayBeCutShort && isBeginning))
    throw new Error(
      `the history has ${text.length} characters where ${wanted.length} were requested (${reason}): ${prompt}`,
    );
}

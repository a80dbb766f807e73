// A client that posts texts over the bad network. It repeats each text under the same idempotency key until it has the
// reply, on as many sockets as needed. The server must take each text exactly once.

import type { Message } from "../../support/client/transcript.ts";
import { eventually } from "../../support/deadline.ts";
import type { Dice } from "../../support/dice.ts";
import { historyOf } from "../../support/system-http.ts";
import { historyMs } from "./reader.ts";
import { Story, type Tally } from "./story.ts";
import { Visitor } from "./visitor.ts";

const askAgainMs = 1_500;

export interface PosterOptions {
  name: string;
  conversationId: string;
  url: () => string;
  httpUrl: () => string;
  dice: Dice;
  tally: Tally;
}

export class Poster {
  readonly story = new Story();
  readonly visitor: Visitor;
  readonly options: PosterOptions;
  /** Texts that have a reply. */
  readonly taken: string[] = [];
  #isEnded = false;
  #serial = 0;
  #current: { text: string; id: number; askedAt: number } | undefined;
  #nextAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PosterOptions) {
    this.options = options;
    const { url, dice, tally } = options;
    this.visitor = new Visitor({
      ...{ url, dice, tally, story: this.story, isV1: true, isPatient: false },
      opened: () => this.#ask(),
      heard: (message) => this.#hear(message),
    });
  }

  start(): void {
    this.visitor.start();
    this.#timer = setInterval(() => this.#goOn(), 50);
  }

  /** Resolves when the last text has its reply. */
  async end(deadlineMs: number): Promise<void> {
    this.#isEnded = true;
    try {
      await eventually(() => this.#current === undefined || this.visitor.failure !== undefined, "a reply", deadlineMs);
    } finally {
      this.leave();
    }
  }

  /** Stops at once, even while a request is pending. */
  leave(): void {
    clearInterval(this.#timer);
    this.visitor.end();
  }

  /** Describes what is wrong. */
  async faults(): Promise<string[]> {
    if (this.visitor.failure) return [this.visitor.failure.message];
    const { chunks } = await historyOf({ httpUrl: this.options.httpUrl() }, this.options.conversationId, {
      deadlineMs: historyMs,
    });
    const asked = chunks.flatMap(({ role, chunk }) => (role === "user" ? (chunk.text ?? "").split("\n\n") : []));
    return this.taken.flatMap((text) => {
      const times = asked.filter((one) => one === text).length;
      return times === 1 ? [] : [`${text} was taken ${times} times`];
    });
  }

  #goOn(): void {
    const now = performance.now();
    if (this.#current) {
      if (now - this.#current.askedAt > askAgainMs) this.#ask();
    } else if (!this.#isEnded && now >= this.#nextAt) {
      this.#current = { text: `${this.options.name}-${++this.#serial}`, id: 0, askedAt: now };
      this.#ask();
    }
  }

  #ask(): void {
    if (!this.#current || !this.visitor.isOpen) return;
    this.#current.askedAt = performance.now();
    const { text } = this.#current;
    const id = `${text} ${++this.#current.id}`;
    if (this.#current.id > 1) this.options.tally.add("texts asked for again");
    const { conversationId } = this.options;
    this.visitor.send({ type: "chat.queue", conversationId, text, id, idempotencyKey: text });
  }

  #hear(message: Message): void {
    if (message.type !== "reply" || !this.#current) return;
    const { text } = this.#current;
    if (!String(message["id"]).startsWith(`${text} `)) return;
    this.story.note(JSON.stringify(message).slice(0, 160));
    if (message["ok"] !== true) {
      const { error } = message;
      if (typeof error === "object" && error !== null && "retryable" in error && error.retryable === true) return;
      throw new Error(`${text}: ${JSON.stringify(error)}`);
    }
    this.taken.push(text);
    this.options.tally.add("texts taken");
    this.#current = undefined;
    this.#nextAt = performance.now() + this.options.dice.between(0, 600);
  }
}

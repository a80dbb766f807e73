// The texts that wait in one conversation, and those handed to the agent whose `steering` event has not come yet. Must
// never lose one: a text handed over and not taken is back at its place.
import type { QueuedMessage } from "../../ports/orchestrator.ts";

/** How several texts become one (protocol 1.5.6). */
export const joinTexts = (texts: string[]): string => texts.join("\n\n");

export class MessageQueue {
  #waiting: QueuedMessage[];
  #handed: QueuedMessage[][] = [];

  constructor(messages: QueuedMessage[]) {
    this.#waiting = [...messages];
  }

  /** What waits, oldest first; without what the agent has in its hands. */
  list(): QueuedMessage[] {
    return [...this.#waiting];
  }

  /** All that the store knows of. */
  get size(): number {
    return this.#waiting.length + this.#handed.flat().length;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  has(messageId: string): boolean {
    return this.#waiting.some(({ id }) => id === messageId);
  }

  add(message: QueuedMessage): void {
    this.#waiting.push(message);
  }

  remove(messageId: string): void {
    this.#waiting = this.#waiting.filter(({ id }) => id !== messageId);
  }

  /** Forgets all and returns their ids. */
  clear(): string[] {
    this.takeBack();
    const ids = this.#waiting.map(({ id }) => id);
    this.#waiting = [];
    return ids;
  }

  /** Gives all that waits into the agent's hands, as one text. */
  hand(): string | undefined {
    if (this.isEmpty) return undefined;
    this.#handed.push(this.#waiting);
    const text = joinTexts(this.#waiting.map((message) => message.text));
    this.#waiting = [];
    return text;
  }

  /** The agent has taken the texts of its oldest hand(). */
  take(): QueuedMessage[] | undefined {
    return this.#handed.shift();
  }

  /** What was handed and never taken waits again, before what came later. False when there is none. */
  takeBack(): boolean {
    if (this.#handed.length === 0) return false;
    this.#waiting = [...this.#handed.flat(), ...this.#waiting];
    this.#handed = [];
    return true;
  }
}

// The queued texts of one conversation, and those that the agent has drained but not yet confirmed with a `steering`
// event. Must never lose one: a text that is never confirmed returns to its place in the queue.
import type { QueuedMessage } from "../../ports/orchestrator.ts";

/** How several texts become one (protocol 1.5.6). */
export const joinTexts = (texts: string[]): string => texts.join("\n\n");

export class MessageQueue {
  #waiting: QueuedMessage[];
  #handed: QueuedMessage[][] = [];

  constructor(messages: QueuedMessage[]) {
    this.#waiting = [...messages];
  }

  /** The queued texts, oldest first, without those handed to the agent. */
  list(): QueuedMessage[] {
    return [...this.#waiting];
  }

  /** The number of texts in the store: queued and handed over. */
  get size(): number {
    return this.#waiting.length + this.#handed.flat().length;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  has(messageId: string): boolean {
    return this.#waiting.some(({ id }) => id === messageId);
  }

  /** Also of a text that is handed to the agent. */
  knows(messageId: string): boolean {
    return this.has(messageId) || this.#handed.flat().some(({ id }) => id === messageId);
  }

  add(message: QueuedMessage): void {
    this.#waiting.push(message);
  }

  remove(messageId: string): void {
    this.#waiting = this.#waiting.filter(({ id }) => id !== messageId);
  }

  /** Removes all texts and returns their ids. */
  clear(): string[] {
    this.takeBack();
    const ids = this.#waiting.map(({ id }) => id);
    this.#waiting = [];
    return ids;
  }

  /** Hands all queued texts to the agent as one text; undefined when there is none. */
  hand(): string | undefined {
    if (this.isEmpty) return undefined;
    this.#handed.push(this.#waiting);
    const text = joinTexts(this.#waiting.map((message) => message.text));
    this.#waiting = [];
    return text;
  }

  /** Confirms the oldest hand() and returns its texts. */
  take(): QueuedMessage[] | undefined {
    return this.#handed.shift();
  }

  /** Requeues texts that were handed over and never confirmed, ahead of later ones. False when there are none. */
  takeBack(): boolean {
    if (this.#handed.length === 0) return false;
    this.#waiting = [...this.#handed.flat(), ...this.#waiting];
    this.#handed = [];
    return true;
  }
}

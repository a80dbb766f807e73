// The oracle's idea of one conversation: what it emitted, which texts it took, and where somebody who begins to watch
// it would begin. Must never know who watches.
import type { ConversationView, Said } from "../view.ts";
import { OracleNumbering } from "./numbering.ts";

export class OracleConversation implements ConversationView {
  readonly id: string;
  readonly emitted: Said[] = [];
  readonly cancelled: { turnId: string; at: number }[] = [];
  readonly numbering = new OracleNumbering(this);
  texts: { text: string; at: number }[] = [];
  /** A turn was started, or one with the texts that waited is about to, and it has not said anything yet. */
  #isStarting = false;
  /** A turn that was accepted and has not said anything yet: it has a name already. */
  acceptedTurnId: string | undefined;
  #turnBeganAt = 0;
  /** How many of the texts have come out. */
  #textsOut = 0;
  /** How many of them an agent has been given; it says so when it has taken them. */
  #textsHanded = 0;
  /** How many of them a turn that is starting will open with, or has. */
  #textsOpening = 0;
  #lastReason: string | undefined;
  /** Where a watch would have begun, by how many events there were. */
  readonly #beginnings = [0];

  constructor(id: string) {
    this.id = id;
  }

  /** How many events there have been: the time of this conversation. */
  get now(): number {
    return this.emitted.length;
  }

  /** The turn that has said something and is not sealed. */
  get runningTurnId(): string | undefined {
    return this.turnAt(this.now);
  }

  /** The same at an earlier time. */
  turnAt(time: number): string | undefined {
    const last = this.emitted[time - 1];
    return last === undefined || last.type === "turn-sealed" ? undefined : last.turnId;
  }

  /** One turn at a time: while this is true, no other may start (protocol 1.5.6). */
  get isActive(): boolean {
    return this.#isStarting || this.runningTurnId !== undefined;
  }

  /** A turn was started at this time; it may have said something since. */
  hasStarted(at: number, turnId: string | undefined): void {
    if (this.now !== at) return;
    this.#begins();
    this.acceptedTurnId = turnId;
  }

  emits(said: Said): void {
    if (this.runningTurnId === undefined) this.#turnBeganAt = this.now;
    this.#isStarting = false;
    this.acceptedTurnId = undefined;
    this.emitted.push(said);
    if (said.type === "user-message" || said.type === "steering") this.#textsComeOut(said.text ?? "");
    if (said.type === "done") this.#lastReason = said.reason;
    const isSealed = said.type === "turn-sealed";
    // What waits opens the next turn, and the status stays active; but not after an interruption (protocol 1.5.6).
    if (isSealed && this.textsWaiting > 0 && this.#lastReason !== "interrupted") this.#begins();
    this.#beginnings.push(isSealed ? this.now : this.#turnBeganAt);
  }

  #begins(): void {
    this.#isStarting = true;
    this.#textsOpening = this.texts.length;
  }

  #textsComeOut(text: string): void {
    let joined = this.texts[this.#textsOut++]?.text;
    while (joined !== undefined && joined !== text && this.#textsOut < this.texts.length)
      joined = `${joined}\n\n${this.texts[this.#textsOut++]?.text}`;
  }

  /**
   * Where a watch begins that was asked for at this time and is handled by now: at the first event of the turn that
   * runs, or after everything (protocol 1.1).
   */
  beginningsSince(time: number): number[] {
    return [...new Set(this.#beginnings.slice(time))];
  }

  /** The same for one that was handled at this very time. */
  beginningAt(time: number): number {
    return this.#beginnings[time] ?? 0;
  }

  accepts(text: string, at: number): void {
    this.texts.push({ text, at });
  }

  /** What waits is in the agent's hands: it comes out as a `steering`, or opens the next turn. */
  handsOver(): void {
    this.#textsHanded = this.texts.length;
  }

  /** Where a text is that was accepted and not withdrawn. */
  whereIs(text: string): "waiting" | "handed" | "out" | "nowhere" {
    const index = this.texts.findIndex((one) => one.text === text);
    if (index === -1) return "nowhere";
    if (index < this.#textsOut) return "out";
    return index < Math.max(this.#textsHanded, this.#textsOpening) ? "handed" : "waiting";
  }

  get textsWaiting(): number {
    return this.texts.length - this.#textsOut;
  }

  /** All that waits is forgotten. */
  discards(): void {
    this.texts = this.texts.slice(0, Math.max(this.#textsOut, this.#isStarting ? this.#textsOpening : 0));
    this.#textsHanded = Math.min(this.#textsHanded, this.texts.length);
  }

  /** These were withdrawn or refused before they came out. */
  forgets(texts: readonly string[]): void {
    this.texts = this.texts.filter(({ text }) => !texts.includes(text));
  }

  cancels(turnId: string, at: number): void {
    this.cancelled.push({ turnId, at });
  }
}

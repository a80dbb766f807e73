// The oracle's model of one conversation: the events it emitted, the texts it accepted, and the event at which a new
// watch would begin. Must never know the watchers.
import type { ConversationView, Said } from "../view.ts";
import { OracleNumbering } from "./numbering.ts";

export class OracleConversation implements ConversationView {
  readonly id: string;
  readonly emitted: Said[] = [];
  readonly cancelled: { turnId: string; at: number }[] = [];
  readonly numbering = new OracleNumbering(this);
  texts: { text: string; at: number }[] = [];
  /** A turn was accepted, or queued texts are about to open one, and it has not emitted an event yet. */
  #isStarting = false;
  /** The id of a turn that was accepted and has not emitted an event yet. */
  acceptedTurnId: string | undefined;
  #turnBeganAt = 0;
  /** How many of the texts have appeared in events. */
  #textsOut = 0;
  /** How many of the texts were handed to an agent. Its `steering` event confirms them later. */
  #textsHanded = 0;
  /** How many of the texts are covered by the `user-message` of the turn that is starting, or that started last. */
  #textsOpening = 0;
  #lastReason: string | undefined;
  /** Where a new watch would have begun, indexed by the number of events emitted. */
  readonly #beginnings = [0];

  constructor(id: string) {
    this.id = id;
  }

  /** The time of this conversation: how many events it has emitted. */
  get now(): number {
    return this.emitted.length;
  }

  /** The turn that has emitted an event and is not sealed. */
  get runningTurnId(): string | undefined {
    return this.turnAt(this.now);
  }

  /** Like runningTurnId, at an earlier time. */
  turnAt(time: number): string | undefined {
    const last = this.emitted[time - 1];
    return last === undefined || last.type === "turn-sealed" ? undefined : last.turnId;
  }

  /** While this is true, no other turn may start (protocol 1.5.6). */
  get isActive(): boolean {
    return this.#isStarting || this.runningTurnId !== undefined;
  }

  /** A turn was accepted at this time. It may have emitted events since. */
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
    if (said.type === "done") {
      this.#lastReason = said.reason;
      // What the agent was handed and did not confirm waits again, and can be withdrawn until the turn is sealed.
      this.#textsHanded = 0;
    }
    const isSealed = said.type === "turn-sealed";
    // Queued texts open the next turn and the status stays active, except after an interruption (protocol 1.5.6).
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
   * Where a watch may begin that was requested at this time and has been handled by now: at the first event of the
   * running turn, or after all events (protocol 1.1).
   */
  beginningsSince(time: number): number[] {
    return [...new Set(this.#beginnings.slice(time))];
  }

  /** Where a watch begins that was handled at exactly this time. */
  beginningAt(time: number): number {
    return this.#beginnings[time] ?? 0;
  }

  accepts(text: string, at: number): void {
    this.texts.push({ text, at });
  }

  /** The agent takes all queued texts. They appear in a `steering` event or open the next turn. */
  handsOver(): void {
    this.#textsHanded = this.texts.length;
  }

  /** Where an accepted text is now. `nowhere`: it was withdrawn, refused or discarded. */
  whereIs(text: string): "waiting" | "handed" | "out" | "nowhere" {
    const index = this.texts.findIndex((one) => one.text === text);
    if (index === -1) return "nowhere";
    if (index < this.#textsOut) return "out";
    return index < Math.max(this.#textsHanded, this.#textsOpening) ? "handed" : "waiting";
  }

  get textsWaiting(): number {
    return this.texts.length - this.#textsOut;
  }

  /** Discards the queued texts, except those that open a turn which is starting. */
  discards(): void {
    this.texts = this.texts.slice(0, Math.max(this.#textsOut, this.#isStarting ? this.#textsOpening : 0));
    this.#textsHanded = Math.min(this.#textsHanded, this.texts.length);
  }

  /** Removes texts that were withdrawn or refused before they appeared in an event. */
  forgets(texts: readonly string[]): void {
    this.texts = this.texts.filter(({ text }) => !texts.includes(text));
  }

  cancels(turnId: string, at: number): void {
    this.cancelled.push({ turnId, at });
  }
}

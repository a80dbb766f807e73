// One write to many sockets, a bounded number of them in one loop turn. What becomes new while a pass is under way goes
// out in the next one, so each socket sees everything in order.
import type { Clock } from "./clock.ts";
import type { Limits } from "./limits.ts";

export class Passes<Member> {
  readonly #clock: Clock;
  readonly #perLoopTurn: number;
  readonly #members: () => Iterable<Member>;
  readonly #begin: () => void;
  readonly #write: (member: Member) => void;
  #walking = false;
  #wanted = false;
  #whenIdle: (() => void)[] = [];

  /**
   * @param members whom a pass reaches; may change while it is under way.
   * @param begin called as a pass begins: takes what it will write.
   * @param write called for each member; must not throw.
   */
  constructor(
    clock: Clock,
    limits: Limits,
    members: () => Iterable<Member>,
    begin: () => void,
    write: (member: Member) => void,
  ) {
    this.#clock = clock;
    this.#perLoopTurn = limits.socketsPerLoopTurn;
    this.#members = members;
    this.#begin = begin;
    this.#write = write;
  }

  /** Asks for a pass with what is new; it begins after the present tick. */
  want(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    if (!this.#walking) this.#clock.defer(() => this.#start());
  }

  /** Runs when every pass that was asked for is over: at once when none is. */
  whenIdle(run: () => void): void {
    if (this.#wanted || this.#walking) this.#whenIdle.push(run);
    else run();
  }

  #start(): void {
    if (!this.#wanted || this.#walking) return;
    this.#wanted = false;
    this.#walking = true;
    this.#begin();
    this.#step(this.#members()[Symbol.iterator]());
  }

  #step(rest: Iterator<Member>): void {
    for (let count = 0; count < this.#perLoopTurn; count++) {
      const next = rest.next();
      if (next.done) {
        this.#walking = false;
        if (this.#wanted) this.#clock.defer(() => this.#start());
        else this.#reportIdle();
        return;
      }
      this.#write(next.value);
    }
    this.#clock.defer(() => this.#step(rest));
  }

  #reportIdle(): void {
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const run of waiting) run();
  }
}

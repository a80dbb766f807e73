// Joins everything written to a socket in one event-loop turn into one system call. Used only for sockets that watch
// several conversations; all others are written to immediately and cost nothing here.
import type { Clock } from "../runtime/clock.ts";

export interface Corked {
  /** Sends everything written while corked. */
  release(): void;
}

export class Corker {
  readonly #clock: Pick<Clock, "defer">;
  #held: Corked[] = [];

  constructor(clock: Pick<Clock, "defer">) {
    this.#clock = clock;
  }

  /** Call once each time a socket is corked. It is released at the end of this loop turn. */
  hold(corked: Corked): void {
    if (this.#held.length === 0) this.#clock.defer(() => this.#release());
    this.#held.push(corked);
  }

  #release(): void {
    const held = this.#held;
    this.#held = [];
    for (const corked of held) corked.release();
  }
}

// One write per socket and loop turn, also for a socket that watches several conversations: what their feeds write to
// it is held together until the turn is over. Sockets with one watch are written to at once and cost nothing here.
import type { Clock } from "../runtime/clock.ts";

export interface Joined {
  /** Lets go of what was held together. */
  release(): void;
}

export class Corker {
  readonly #clock: Pick<Clock, "defer">;
  #held: Joined[] = [];

  constructor(clock: Pick<Clock, "defer">) {
    this.#clock = clock;
  }

  /** To be called once for each time that something begins to be held. */
  hold(joined: Joined): void {
    if (this.#held.length === 0) this.#clock.defer(() => this.#release());
    this.#held.push(joined);
  }

  #release(): void {
    const held = this.#held;
    this.#held = [];
    for (const joined of held) joined.release();
  }
}

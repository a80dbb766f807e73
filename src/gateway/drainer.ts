// Closes all sockets before a planned stop, in waves that are not regular: clients that are closed together come back
// together. Must never leave one out.

import type { Limits } from "../limits.ts";
import type { Clock, Timer } from "../runtime/clock.ts";

export interface Leaver {
  /** Random: tells which wave it is in. */
  readonly id: string;
  tell(type: "gateway.draining"): void;
}

export class Drainer {
  readonly #clock: Clock;
  readonly #limits: Pick<Limits, "closesPerWave" | "closeSpreadMs" | "closesPerSecond">;
  #waiting: Leaver[] = [];
  #pauseMs = 0;
  #timer: Timer | undefined;
  #isHurried = false;

  constructor(clock: Clock, limits: Pick<Limits, "closesPerWave" | "closeSpreadMs" | "closesPerSecond">) {
    this.#clock = clock;
    this.#limits = limits;
  }

  begin(leavers: Iterable<Leaver>): void {
    const { closesPerWave, closeSpreadMs, closesPerSecond } = this.#limits;
    // By their random ids: those who came together do not go together.
    this.#waiting = [...leavers].sort((a, b) => (a.id < b.id ? -1 : 1));
    const spreadMs = Math.min(closeSpreadMs, (this.#waiting.length * 1_000) / closesPerSecond);
    this.#pauseMs = spreadMs / Math.max(1, Math.ceil(this.#waiting.length / closesPerWave));
    if (this.#isHurried) this.hurry();
    else this.#wave();
  }

  /** Those who are left, or are still to come, are closed without waves. */
  hurry(): void {
    this.#isHurried = true;
    this.#clock.clearTimeout(this.#timer);
    for (const leaver of this.#waiting.splice(0)) leaver.tell("gateway.draining");
  }

  #wave(): void {
    const wave = this.#waiting.splice(0, this.#limits.closesPerWave);
    for (const leaver of wave) leaver.tell("gateway.draining");
    if (this.#waiting.length === 0) return;
    // Between half and one and a half of the pause: the next id's first digits are as good as a die.
    const chance = Number.parseInt(this.#waiting[0]?.id.slice(0, 4) ?? "", 16) % 1_000;
    const pauseMs = this.#pauseMs * (0.5 + (Number.isNaN(chance) ? 0.5 : chance / 1_000));
    this.#timer = this.#clock.setTimeout(() => this.#wave(), pauseMs);
  }
}

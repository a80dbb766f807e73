// Closes all sockets before a planned stop, in waves at irregular intervals, because clients that are closed together
// reconnect together. Must never leave a socket out.
import type { Limits } from "../limits.ts";
import type { Clock, Timer } from "../runtime/clock.ts";

export interface DrainingSocket {
  /** Random: it decides the wave. */
  readonly id: string;
  tell(type: "gateway.draining"): void;
}

export class Drainer {
  readonly #clock: Clock;
  readonly #limits: Pick<Limits, "closesPerWave" | "closeSpreadMs" | "closesPerSecond">;
  #waiting: DrainingSocket[] = [];
  #pauseMs = 0;
  #timer: Timer | undefined;
  #isHurried = false;
  #onSent: (() => void) | undefined;

  constructor(clock: Clock, limits: Pick<Limits, "closesPerWave" | "closeSpreadMs" | "closesPerSecond">) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** @param onSent is called once every socket has been told. */
  begin(sockets: Iterable<DrainingSocket>, onSent: () => void): void {
    this.#onSent = onSent;
    const { closesPerWave, closeSpreadMs, closesPerSecond } = this.#limits;
    // Sorting by random id separates sockets that connected together.
    this.#waiting = [...sockets].sort((a, b) => (a.id < b.id ? -1 : 1));
    const spreadMs = Math.min(closeSpreadMs, (this.#waiting.length * 1_000) / closesPerSecond);
    this.#pauseMs = spreadMs / Math.max(1, Math.ceil(this.#waiting.length / closesPerWave));
    this.#wave();
  }

  /** Closes the sockets that are left at once, and those of a later `begin` too. */
  hurry(): void {
    this.#isHurried = true;
    this.#clock.clearTimeout(this.#timer);
    if (this.#onSent) this.#wave();
  }

  /** Closes no further socket. */
  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#onSent = undefined;
  }

  #wave(): void {
    const wave = this.#waiting.splice(0, this.#isHurried ? this.#waiting.length : this.#limits.closesPerWave);
    for (const socket of wave) socket.tell("gateway.draining");
    if (this.#waiting.length === 0) {
      this.#onSent?.();
      this.#onSent = undefined;
      return;
    }
    // The pause varies between 0.5 and 1.5 times its length. The next id's first digits serve as the random number.
    const chance = Number.parseInt(this.#waiting[0]?.id.slice(0, 4) ?? "", 16) % 1_000;
    const pauseMs = this.#pauseMs * (0.5 + (Number.isNaN(chance) ? 0.5 : chance / 1_000));
    this.#timer = this.#clock.setTimeout(() => this.#wave(), pauseMs);
  }
}

// Plans the waves in which all sockets are closed before a stop, at irregular intervals, because clients that are
// closed together reconnect together. Must never leave a socket out.
import type { Limits } from "../limits.ts";
import type { Clock, Timer } from "../runtime/clock.ts";

export interface DrainerOptions<Socket> {
  clock: Clock;
  limits: Pick<Limits, "closesPerWave" | "closeSpreadMs" | "closesPerSecond">;
  /** Their ids are random: they decide the waves. */
  sockets: () => Iterable<Socket>;
  /** Called when a wave is due: take it. Of no sockets at all there is one wave. */
  onDue: () => void;
}

export class Drainer<Socket extends { readonly id: string }> {
  readonly #options: DrainerOptions<Socket>;
  /** Undefined until it begins. */
  #waiting: Socket[] | undefined;
  #pauseMs = 0;
  #timer: Timer | undefined;
  #isHurried = false;
  #isStopped = false;

  constructor(options: DrainerOptions<Socket>) {
    this.#options = options;
  }

  begin(): void {
    const { limits, sockets } = this.#options;
    // Sorting by random id separates sockets that connected together.
    this.#waiting = [...sockets()].sort((a, b) => (a.id < b.id ? -1 : 1));
    const spreadMs = Math.min(limits.closeSpreadMs, (this.#waiting.length * 1_000) / limits.closesPerSecond);
    this.#pauseMs = spreadMs / Math.max(1, Math.ceil(this.#waiting.length / limits.closesPerWave));
    this.#due();
  }

  /** Is the wave that is due the last one? */
  get isLastWave(): boolean {
    return (this.#waiting?.length ?? 0) <= this.#options.limits.closesPerWave;
  }

  /** The sockets of the wave that is due. The next one is due after a pause. */
  take(): Socket[] {
    const wave = this.#waiting?.splice(0, this.#options.limits.closesPerWave) ?? [];
    const [next] = this.#waiting ?? [];
    if (this.#isHurried && next) this.#options.clock.defer(() => this.#due());
    else if (next) {
      // The pause varies between 0.5 and 1.5 times its length. The next id's first digits serve as the random number.
      const chance = Number.parseInt(next.id.slice(0, 4), 16) % 1_000;
      const pauseMs = this.#pauseMs * (0.5 + (Number.isNaN(chance) ? 0.5 : chance / 1_000));
      this.#timer = this.#options.clock.setTimeout(() => this.#due(), pauseMs);
    }
    return wave;
  }

  /** One wave follows the other without a pause from now on, also when it has not begun. */
  hurry(): void {
    if (this.#isHurried) return;
    this.#isHurried = true;
    this.#options.clock.clearTimeout(this.#timer);
    if (this.#waiting && this.#waiting.length > 0) this.#due();
  }

  /** No further wave is due. */
  stop(): void {
    this.#isStopped = true;
    this.#options.clock.clearTimeout(this.#timer);
  }

  #due(): void {
    if (!this.#isStopped) this.#options.onDue();
  }
}

// The network's faults, chosen at random from a seed. The same seed gives the same sequence of faults.
import type { Link } from "../../support/throttling-proxy.ts";

/** Random numbers from 0 to 1 (mulberry32). The same seed gives the same numbers. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Between = (least: number, most: number) => number;

/** The faults, each with its name, its relative frequency and its effect. */
const misfortunes: [name: string, weight: number, happen: (link: Link, between: Between) => void][] = [
  ["throttled", 30, (link, between) => link.throttle(between(10_000, 400_000))],
  ["bursting", 14, (link, between) => link.burst(between(20, 80), between(50, 400))],
  ["split", 10, (link, between) => link.split(between(1, 300))],
  ["stalled", 10, (link) => link.stall()],
  ["half-open", 4, (link) => link.halfOpen()],
  ["reset", 10, (link) => link.cut("reset")],
  ["ended", 8, (link) => link.cut("fin")],
  ["freed", 14, (link) => link.free()],
];
const weights = misfortunes.reduce((sum, [, weight]) => sum + weight, 0);

export class Weather {
  readonly counts: Record<string, number> = Object.fromEntries(misfortunes.map(([name]) => [name, 0]));
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** A random whole number, both bounds included. */
  readonly between: Between = (least, most) => least + Math.floor(this.#random() * (most - least + 1));

  /** Applies a random fault to one of these connections. */
  strike(links: readonly Link[]): void {
    const link = links[this.between(0, links.length - 1)];
    if (!link) return;
    let lot = this.#random() * weights;
    for (const [name, weight, happen] of misfortunes) {
      lot -= weight;
      if (lot > 0) continue;
      this.counts[name] = (this.counts[name] ?? 0) + 1;
      happen(link, this.between);
      return;
    }
  }
}

// A simulated clock as the page takes it; chance is always the same.
import type { Clock } from "../../src/page/clock.js";
import { SimulatedClock } from "./clock.ts";

export class SimulatedPageClock extends SimulatedClock implements Clock {
  frame(run: () => void): void {
    this.setTimeout(run, 1000 / 60);
  }

  random(): number {
    return 0.5;
  }
}

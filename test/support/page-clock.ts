// A simulated clock with the interface of the page's clock. Its random numbers are constant.
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

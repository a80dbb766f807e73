// Where random histories take place, one after the other.
import type { Backstage } from "./backstage.ts";
import type { Player } from "./player.ts";
import type { RandomServer } from "./server.ts";

/** Facts, joiners and flushes have a bound for each turn of the loop: after so many turns nothing of ours waits. */
export const turnsToSettle = 40;

/** A history has found a broken promise: it says which. */
export class BrokenPromise extends Error {
  override name = "BrokenPromise";
}

export class Stage {
  readonly server: RandomServer;
  readonly host: Backstage;
  /** How long a history may wait for what is owed. */
  readonly patienceMs: number;
  /** The clients that stayed open after the last history. */
  readonly free: Player[] = [];

  constructor(server: RandomServer, host: Backstage, patienceMs: number) {
    this.server = server;
    this.host = host;
    this.patienceMs = patienceMs;
  }

  /** So much time passes for the logs that those of sealed turns are kept no longer. All must be at rest. */
  forgetSealedTurns(): void {
    this.server.shedSealed();
    this.server.oracle?.shedsLogs();
  }

  /** Waits for what announces itself to nobody, for as long as a history may wait. */
  async patience(isOver: () => boolean): Promise<void> {
    const until = performance.now() + this.patienceMs;
    while (!isOver() && performance.now() < until) await turnsOfTheLoop(1);
  }
}

export async function turnsOfTheLoop(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

// The server and host on which random histories are played, one after the other.
import type { Backstage } from "./backstage.ts";
import type { Player } from "./player.ts";
import type { RandomServer } from "./server.ts";

/**
 * Event-loop turns after which no deferred work of the server is left. Each turn handles a bounded number of dispatches
 * to actors, joiners and flushes.
 */
export const turnsToSettle = 40;

/** A history has found a broken promise. The message says which. */
export class BrokenPromise extends Error {
  override name = "BrokenPromise";
}

export class Stage {
  readonly server: RandomServer;
  readonly host: Backstage;
  /** How long a history may wait for expected messages. */
  readonly patienceMs: number;
  /** The clients that stayed open after the last history. */
  readonly free: Player[] = [];

  constructor(server: RandomServer, host: Backstage, patienceMs: number) {
    this.server = server;
    this.host = host;
    this.patienceMs = patienceMs;
  }

  /** Sheds the logs of sealed turns, as if their time had passed. Everything must be at rest. */
  forgetSealedTurns(): void {
    this.server.shedSealed();
    this.server.oracle?.shedsLogs();
  }

  /** Polls for a condition that no event announces, for as long as a history may wait. */
  async patience(isOver: () => boolean): Promise<void> {
    const until = performance.now() + this.patienceMs;
    while (!isOver() && performance.now() < until) await turnsOfTheLoop(1);
  }
}

export async function turnsOfTheLoop(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

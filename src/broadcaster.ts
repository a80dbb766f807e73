// News for every socket: encoded once, what is made in one tick joined into one write, sliced over the loop. Reaches
// each socket that was open when the news was made (protocol 1.5.5), and no later one.
import type { Clock } from "./clock.ts";
import { encodeMessage } from "./frame.ts";
import type { Limits } from "./limits.ts";
import type { Outlet } from "./outlet.ts";
import { Passes } from "./passes.ts";
import type { ServerMessage } from "./protocol/server-message.ts";

export interface Listener {
  /** Grows with each socket accepted. */
  readonly serial: number;
  readonly outlet: Outlet;
}

interface Piece {
  frame: Buffer;
  /** The newest socket's serial when it was made. */
  lastSerial: number;
}

export class Broadcaster {
  readonly #newestSerial: () => number;
  readonly #passes: Passes<Listener>;
  #waiting: Piece[] = [];
  #pieces: Piece[] = [];
  #joined: Buffer = Buffer.alloc(0);

  constructor(clock: Clock, limits: Limits, listeners: () => Iterable<Listener>, newestSerial: () => number) {
    this.#newestSerial = newestSerial;
    this.#passes = new Passes(
      clock,
      limits,
      listeners,
      () => this.#take(),
      (listener) => this.#write(listener),
    );
  }

  announce(message: ServerMessage): void {
    this.#waiting.push({ frame: encodeMessage(message), lastSerial: this.#newestSerial() });
    this.#passes.want();
  }

  /** Runs when everything announced has been written. */
  whenIdle(run: () => void): void {
    this.#passes.whenIdle(run);
  }

  #take(): void {
    this.#pieces = this.#waiting;
    this.#waiting = [];
    this.#joined = Buffer.concat(this.#pieces.map((piece) => piece.frame));
  }

  #write({ serial, outlet }: Listener): void {
    if (serial <= (this.#pieces[0]?.lastSerial ?? 0)) outlet.control(this.#joined);
    else for (const piece of this.#pieces) if (serial <= piece.lastSerial) outlet.control(piece.frame);
  }
}

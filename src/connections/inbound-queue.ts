// One socket's listener: what has come from the peer, in its order, on its way to what is to be done. Must never carry
// out a message before the one that came before it, nor lose one that came before the socket had gone.
import type { SocketListener } from "../egress/socket.ts";

import type { Job } from "../runtime/fair-job-queue.ts";
import type { Connection } from "./connection.ts";
import type { RequestPipeline } from "./request-pipeline.ts";

interface Long {
  work: Job;
  /** What has come since. */
  later: Buffer[];
  laterBytes: number;
  isHeld: boolean;
  /** The peer has broken the protocol meanwhile. */
  isBroken: boolean;
  /** The socket has gone meanwhile. */
  hasGone: boolean;
}

/** What a message that waits takes beside its bytes; who sends many tiny ones is not read further either. */
const keptOverheadBytes = 1_024;
/** Of those that have waited, so many are carried out in one turn of the loop. */
const keptPerLoopTurn = 4;

/** An object with four fields, where a closure for each of its methods would be several times the memory. */
export class InboundQueue implements SocketListener {
  readonly #connection: Connection;
  readonly #pipeline: RequestPipeline;
  readonly #gone: (connection: Connection) => void;
  /** A long message that is not through, or what has come after it. */
  #long: Long | undefined;

  /** @param gone called when the socket has gone and all that it said has been carried out. */
  constructor(connection: Connection, pipeline: RequestPipeline, gone: (connection: Connection) => void) {
    this.#connection = connection;
    this.#pipeline = pipeline;
    this.#gone = gone;
  }

  message(data: Buffer): void {
    if (this.#long) this.#keep(this.#long, data);
    else if (this.#pipeline.isLong(data.length)) {
      // As while more is sent than is read: a flood is one however slowly it is carried out.
      this.#connection.countedUntil = this.#connection.writer.countedUntil();
      const none = { later: [], laterBytes: 0, isHeld: false, isBroken: false, hasGone: false };
      this.#long = { work: this.#begin(data), ...none };
    } else this.#pipeline.message(this.#connection, data);
  }

  #begin(data: Buffer): Job {
    return this.#pipeline.inSteps(this.#connection, data, () => this.#goOn());
  }

  /** A few messages may wait for the long one; who sends more is not read until it is through. */
  #keep(long: Long, data: Buffer): void {
    long.later.push(data);
    long.laterBytes += data.length + keptOverheadBytes;
    if (long.isHeld || !this.#pipeline.isLong(long.laterBytes)) return;
    long.isHeld = true;
    this.#connection.writer.stopReading(true);
  }

  #goOn(): void {
    const long = this.#long;
    if (!long) return;
    for (let count = 0; count < keptPerLoopTurn; count++) {
      const data = long.later.shift();
      if (!data) break;
      if (this.#pipeline.isLong(data.length)) {
        long.work = this.#begin(data);
        return;
      }
      this.#pipeline.message(this.#connection, data);
    }
    if (long.later.length > 0) this.#pipeline.later(() => this.#goOn());
    else this.#through(long);
  }

  #through({ isHeld, isBroken, hasGone }: Long): void {
    this.#long = undefined;
    this.#connection.countedUntil = undefined;
    if (isHeld) this.#connection.writer.stopReading(false);
    if (isBroken) this.broken();
    if (hasGone) this.closed();
  }

  pong(payload: string): void {
    if (!this.#connection.writer.ack(payload)) this.#pipeline.signOfLife(this.#connection);
  }

  flooding(): void {
    this.#connection.tell("socket.flooding");
  }

  broken(): void {
    // What it has said before is carried out.
    if (this.#long) {
      this.#long.isBroken = true;
      return;
    }
    this.#connection.writer.end();
    this.#connection.actor?.send({ type: "socket.broken" });
  }

  closed(): void {
    // What it has said last is carried out: others may have been waiting before it.
    if (this.#long && !this.#pipeline.dropped(this.#long.work)) this.#long.hasGone = true;
    else this.#gone(this.#connection);
  }
}

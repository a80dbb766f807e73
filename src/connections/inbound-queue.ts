// One socket's inbound messages, in order. While a long message is processed, later ones wait. Must never process a
// message before an earlier one, nor lose one that arrived before the socket closed.
import type { SocketListener } from "../egress/socket.ts";
import type { Job } from "../runtime/fair-job-queue.ts";
import type { Connection } from "./connection.ts";
import type { RequestPipeline } from "./request-pipeline.ts";

interface Long {
  work: Job;
  /** Messages that arrived since. */
  later: Buffer[];
  laterBytes: number;
  isPaused: boolean;
  /** The peer has broken the protocol meanwhile. */
  isBroken: boolean;
  /** The socket has closed meanwhile. */
  hasGone: boolean;
}

/** Memory that a waiting message takes beside its bytes. It makes many tiny messages pause reading too. */
const waitingOverheadBytes = 1_024;
/** Waiting messages processed in one loop turn. */
const waitingPerLoopTurn = 4;

/** A class, because a closure per method would take several times the memory of its four fields. */
export class InboundQueue implements SocketListener {
  readonly #connection: Connection;
  readonly #pipeline: RequestPipeline;
  readonly #gone: (connection: Connection) => void;
  /** The long message being processed and the messages after it. */
  #long: Long | undefined;

  /** @param gone called when the socket has closed and all its messages have been processed. */
  constructor(connection: Connection, pipeline: RequestPipeline, gone: (connection: Connection) => void) {
    this.#connection = connection;
    this.#pipeline = pipeline;
    this.#gone = gone;
  }

  message(data: Buffer): void {
    if (this.#long) this.#keep(this.#long, data);
    else if (this.#pipeline.isLong(data.length)) {
      // The rate buckets do not refill meanwhile: slow processing must not hide a flood.
      this.#connection.countedUntil = this.#connection.writer.countedUntil();
      const none = { later: [], laterBytes: 0, isPaused: false, isBroken: false, hasGone: false };
      this.#long = { work: this.#begin(data), ...none };
    } else this.#pipeline.message(this.#connection, data);
  }

  #begin(data: Buffer): Job {
    return this.#pipeline.processLong(this.#connection, data, () => this.#continue());
  }

  /** A few messages may wait for the long one. Beyond that, reading pauses until it is done. */
  #keep(long: Long, data: Buffer): void {
    long.later.push(data);
    long.laterBytes += data.length + waitingOverheadBytes;
    if (long.isPaused || !this.#pipeline.isLong(long.laterBytes)) return;
    long.isPaused = true;
    this.#connection.writer.stopReading(true);
  }

  #continue(): void {
    const long = this.#long;
    if (!long) return;
    for (let count = 0; count < waitingPerLoopTurn; count++) {
      const data = long.later.shift();
      if (!data) break;
      if (this.#pipeline.isLong(data.length)) {
        long.work = this.#begin(data);
        return;
      }
      this.#pipeline.message(this.#connection, data);
    }
    if (long.later.length > 0) this.#pipeline.defer(() => this.#continue());
    else this.#finish(long);
  }

  #finish({ isPaused, isBroken, hasGone }: Long): void {
    this.#long = undefined;
    this.#connection.countedUntil = undefined;
    if (isPaused) this.#connection.writer.stopReading(false);
    if (isBroken) this.broken();
    if (hasGone) this.closed();
  }

  pong(payload: string): void {
    if (!this.#connection.writer.ack(payload)) this.#pipeline.unsolicited(this.#connection);
  }

  flooding(): void {
    this.#connection.tell("socket.flooding");
  }

  broken(): void {
    // Messages that arrived before are still processed.
    if (this.#long) {
      this.#long.isBroken = true;
      return;
    }
    this.#connection.writer.end();
    this.#connection.actor?.send({ type: "socket.broken" });
  }

  closed(): void {
    // Its last messages are still processed.
    if (this.#long && !this.#pipeline.dropIfCrowded(this.#long.work)) this.#long.hasGone = true;
    else this.#gone(this.#connection);
  }
}

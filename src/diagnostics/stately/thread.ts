// The server's side of the Stately inspector's thread: starts it, sends it records once per loop turn, and ends it.
// Must never let the thread delay the server: records that it does not take in time are dropped and counted.
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Logger } from "../../ports/logger.ts";
import { type Clock, sleep } from "../../runtime/clock.ts";
import { ListenError } from "../../runtime/listen.ts";
import type { FromRelay, RelayOptions, StatelyRecord, ToRelay } from "./records.ts";

export interface ThreadOptions {
  relay: RelayOptions;
  /** Records that may wait for the thread. */
  waitingMax: number;
  /** Deadline for its start, and for its end. */
  deadlineMs: number;
  clock: Clock;
  logger: Logger;
  /** Runs a callback of the event loop and handles what it throws. */
  guard(run: () => void): void;
  viewerCame(): void;
  /** Called when no record waits any more, after some were dropped. */
  caughtUp(): void;
  /** Called when the thread has ended without stop(). */
  died(reason: string): void;
}

/** The thread's own heap. Beyond it the thread ends and the server goes on. */
const heapMegabytesMax = 256;

export class StatelyThread {
  readonly #options: ThreadOptions;
  readonly #worker: Worker;
  /** Resolves when the thread has exited. */
  readonly #gone: Promise<void>;
  #batch: StatelyRecord[] = [];
  /** Records posted and not acknowledged by the thread. */
  #waiting = 0;
  #dropped = 0;
  /** Dropping was logged as a warning once. It may recur every second, so later ones are logged as debug. */
  #wasBehind = false;
  #reason = "it ended by itself";
  #isOpen = false;
  #isStopped = false;

  private constructor(options: ThreadOptions) {
    this.#options = options;
    // The script has this file's extension: .ts in the repository, .js in the published package.
    const script = new URL(`./relay-thread${extname(import.meta.url)}`, import.meta.url);
    this.#worker = new Worker(script, {
      name: "stately",
      workerData: options.relay,
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytesMax },
    });
    this.#gone = new Promise((resolve) => this.#worker.once("exit", () => resolve()));
  }

  /** @throws ListenError when the relay cannot listen on its port. */
  static async open(options: ThreadOptions): Promise<{ thread: StatelyThread; port: number }> {
    const thread = new StatelyThread(options);
    const port = await thread.#opened();
    return { thread, port };
  }

  get isFull(): boolean {
    return this.#waiting >= this.#options.waitingMax;
  }

  /** False when the record was dropped. A chart's definition never is. */
  post(record: StatelyRecord): boolean {
    if (this.#isStopped) return false;
    if (this.isFull && record.kind !== "chart") {
      this.#dropped++;
      return false;
    }
    this.#waiting++;
    if (this.#batch.push(record) === 1) this.#options.clock.defer(() => this.#options.guard(() => this.#flush()));
    return true;
  }

  /** Resolves when the thread, its port and its sockets are gone. May be called again. */
  async stop(): Promise<void> {
    if (!this.#isStopped) {
      this.#isStopped = true;
      this.#send({ kind: "stop" });
    }
    await this.#withinDeadline(this.#gone);
    // No effect on a thread that has ended.
    await this.#worker.terminate();
  }

  async #opened(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#worker.on("message", (message: FromRelay) => {
      if (message.kind === "open") {
        this.#isOpen = true;
        resolve(message.port);
      } else if (message.kind === "failed" && !this.#isOpen) {
        reject(new ListenError(`the Stately inspector cannot open its relay: ${message.message} (--inspect-port)`));
      } else this.#options.guard(() => this.#receive(message));
    });
    this.#worker.on("error", (error) => {
      this.#reason = error.message;
    });
    void this.#gone.then(() => {
      reject(new Error(`the Stately inspector's thread did not start: ${this.#reason}`));
      if (this.#isOpen && !this.#isStopped) this.#options.died(this.#reason);
      this.#isStopped = true;
    });
    try {
      const port = await this.#withinDeadline(promise);
      if (port === undefined) throw new Error("the Stately inspector's thread did not start in time");
      return port;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  #receive(message: FromRelay): void {
    if (this.#isStopped) return;
    const { viewerCame, logger } = this.#options;
    if (message.kind === "viewer") viewerCame();
    else if (message.kind === "taken") this.#taken(message.records);
    else if (message.kind === "failed") this.#reason = message.message;
    else if (message.kind === "trouble") logger.warn("stately: trouble with a page", { reason: message.message });
  }

  #taken(records: number): void {
    this.#waiting -= records;
    if (this.#waiting > 0 || this.#dropped === 0) return;
    const { logger, caughtUp } = this.#options;
    const level = this.#wasBehind ? "debug" : "warn";
    const dropped = this.#dropped;
    logger[level]("stately: its page could not keep up: choose fewer actors with --inspect-filter", { dropped });
    this.#wasBehind = true;
    this.#dropped = 0;
    caughtUp();
  }

  #flush(): void {
    const records = this.#batch;
    this.#batch = [];
    if (!this.#isStopped) this.#send({ kind: "records", records });
  }

  #send(message: ToRelay): void {
    this.#worker.postMessage(message);
  }

  /** Undefined when the deadline has passed. */
  async #withinDeadline<Value>(promise: Promise<Value>): Promise<Value | undefined> {
    const { clock, deadlineMs } = this.#options;
    const settled = new AbortController();
    const late = sleep(clock, deadlineMs, settled.signal).then(() => undefined);
    try {
      return await Promise.race([promise, late]);
    } finally {
      settled.abort();
    }
  }
}

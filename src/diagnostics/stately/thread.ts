// The server's end of the Stately inspector's thread: starts it, hands it records once a loop turn, and ends it. Must
// never let it hold up the server: what it does not take in time is left out, and counted.
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Logger } from "../../ports/logger.ts";
import { type Clock, sleep } from "../../runtime/clock.ts";
import { ListenError } from "../../runtime/listen.ts";
import type { FromRelay, RelayOptions, StatelyRecord, ToRelay } from "./records.ts";

export interface ThreadOptions {
  relay: RelayOptions;
  /** Records that may wait for it. */
  waitingMax: number;
  /** It has so long to start, and to end. */
  deadlineMs: number;
  clock: Clock;
  logger: Logger;
  /** Runs what an event of the loop calls; what it throws is the caller's to hear. */
  guard(run: () => void): void;
  viewerCame(): void;
  /** It has taken all that waits, after something was left out. */
  caughtUp(): void;
  /** It has ended, and nobody asked it to. */
  died(reason: string): void;
}

/** Memory of the thread's own heap; over it the thread ends, and the server goes on. */
const heapMegabytesMax = 256;

export class StatelyThread {
  readonly #options: ThreadOptions;
  readonly #worker: Worker;
  /** Resolves when nothing of the thread is left. */
  readonly #gone: Promise<void>;
  #batch: StatelyRecord[] = [];
  /** Posted and not taken. */
  #waiting = 0;
  #leftOut = 0;
  /** It was warned of; it may happen again every second. */
  #wasBehind = false;
  #reason = "it ended by itself";
  #isOpen = false;
  #isStopped = false;

  private constructor(options: ThreadOptions) {
    this.#options = options;
    // Its extension is this file's own: .ts here, .js in the published package.
    const script = new URL(`./relay-thread${extname(import.meta.url)}`, import.meta.url);
    this.#worker = new Worker(script, {
      name: "stately",
      workerData: options.relay,
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytesMax },
    });
    this.#gone = new Promise((resolve) => this.#worker.once("exit", () => resolve()));
  }

  /** @throws ListenError when the relay's port cannot be had. */
  static async open(options: ThreadOptions): Promise<{ thread: StatelyThread; port: number }> {
    const thread = new StatelyThread(options);
    const port = await thread.#opened();
    return { thread, port };
  }

  get isFull(): boolean {
    return this.#waiting >= this.#options.waitingMax;
  }

  /** False: it was left out. A chart's definition never is. */
  post(record: StatelyRecord): boolean {
    if (this.#isStopped) return false;
    if (this.isFull && record.kind !== "chart") {
      this.#leftOut++;
      return false;
    }
    this.#waiting++;
    if (this.#batch.push(record) === 1) this.#options.clock.defer(() => this.#options.guard(() => this.#flush()));
    return true;
  }

  /** Resolves when the thread, its port and its sockets are gone. Again: nothing more. */
  async stop(): Promise<void> {
    if (!this.#isStopped) {
      this.#isStopped = true;
      this.#send({ kind: "stop" });
    }
    await this.#withinDeadline(this.#gone);
    // Does nothing to a thread that has ended.
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
      } else this.#options.guard(() => this.#hear(message));
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

  #hear(message: FromRelay): void {
    if (this.#isStopped) return;
    const { viewerCame, logger } = this.#options;
    if (message.kind === "viewer") viewerCame();
    else if (message.kind === "taken") this.#taken(message.records);
    else if (message.kind === "failed") this.#reason = message.message;
    else if (message.kind === "trouble") logger.warn("stately: trouble with a page", { reason: message.message });
  }

  #taken(records: number): void {
    this.#waiting -= records;
    if (this.#waiting > 0 || this.#leftOut === 0) return;
    const { logger, caughtUp } = this.#options;
    const level = this.#wasBehind ? "debug" : "warn";
    const leftOut = this.#leftOut;
    logger[level]("stately: its page could not keep up: choose fewer actors with --inspect-filter", { leftOut });
    this.#wasBehind = true;
    this.#leftOut = 0;
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

  /** Undefined when the time is over. */
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

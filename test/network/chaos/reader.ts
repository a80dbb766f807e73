// A client that watches one conversation over the bad network. It reconnects until it is stopped. It resumes where it
// can, and reads the history where it cannot. Some readers speak only the base contract.

import { eventsOf } from "../../support/client/transcript.ts";
import { type Client, connect, type Message, UpgradeRefused } from "../../support/client.ts";
import { historyOf } from "../../support/system-http.ts";
import { View } from "./view.ts";

const connectMs = 4_000;
/** After this long a silence, an impatient reader takes the connection for dead, as a page would. */
const silenceMs = 6_000;

export interface ReaderOptions {
  conversationId: string;
  isV1: boolean;
  /** Never gives up a silent connection, but waits until the server closes it. */
  isPatient: boolean;
  /** The WebSocket URL, which leads through the bad network, and the server's HTTP URL. */
  url: string;
  httpUrl: string;
  /** Returns the next number, from 0 to 1, of a seeded sequence. */
  random: () => number;
}

export class Reader {
  readonly view = new View();
  readonly counts = { connections: 0, recovered: 0, anew: 0, refused: 0 };
  /** What happened last to this client, for a failure report. */
  readonly story: string[] = [];
  failure: Error | undefined;
  readonly conversationId: string;
  readonly #options: ReaderOptions;
  #client: Client | undefined;
  #stopped = false;
  #isSubscribed = false;
  #heardAt = 0;
  readonly #ended: Promise<void>;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.conversationId = options.conversationId;
    this.#ended = this.#run();
  }

  /** Disconnects. Resolves when the reader has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#client?.kill();
    await this.#ended;
  }

  /** Drops a connection that has been silent too long, unless the reader is patient. */
  checkSilence(): void {
    const isQuiet = this.#client !== undefined && performance.now() - this.#heardAt > silenceMs;
    if (isQuiet && !this.#options.isPatient) {
      this.#note("took the silent socket for dead");
      this.#isSubscribed = false;
      this.#client?.kill();
    }
  }

  /** True if the reader receives every turn live that begins from now on. */
  get isSubscribed(): boolean {
    return this.#client !== undefined && this.#isSubscribed;
  }

  async #run(): Promise<void> {
    while (!this.#stopped && !this.failure) {
      try {
        await this.#visit();
      } catch (error) {
        if (error instanceof UpgradeRefused) this.counts.refused++;
        this.#note(`could not connect: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20 + 200 * this.#options.random()));
    }
  }

  /** Opens one connection and resolves when it is closed. */
  async #visit(): Promise<void> {
    const { url, isV1, conversationId } = this.#options;
    const client = await connect(url, { deadlineMs: connectMs, ...(isV1 && { protocols: ["turnwire.v1"] }) });
    this.#client = client;
    this.#isSubscribed = false;
    this.#heardAt = performance.now();
    this.counts.connections++;
    if (this.#stopped) client.kill();
    const { cursor } = this.view;
    if (!isV1) this.#anew();
    client.onMessage = (message) => this.#hear(message);
    client.send({ type: "chat.subscribe", conversationId, ...(isV1 && cursor && { after: cursor }) });
    client.send({ type: "ping" });
    if (!isV1) void this.#readHistory();
    const { code } = await client.closed;
    this.#note(`closed with ${code} at ${JSON.stringify(this.view.cursor)}`);
    this.#client = undefined;
  }

  #hear(message: Message): void {
    this.#heardAt = performance.now();
    if (this.failure) return;
    try {
      if (message.type === "pong") this.#isSubscribed = true;
      if (message.type === "chat.subscribed") this.#judge(message);
      for (const event of eventsOf([message], this.conversationId)) this.view.take(message, event);
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
      this.#client?.kill();
    }
  }

  #judge(verdict: Message): void {
    const { recovered, epoch, seq } = verdict;
    this.#note(
      `recovered ${recovered} at ${String(epoch).slice(0, 4)} ${seq}, has ${JSON.stringify(this.view.cursor)}`,
    );
    if (recovered === true) {
      this.counts.recovered++;
      this.view.resumed();
      return;
    }
    this.#anew();
    void this.#readHistory();
  }

  #anew(): void {
    this.counts.anew++;
    this.view.startsAnew();
  }

  /** Reads the history after the subscription, and leaves out turns that are followed live (protocol 3). */
  async #readHistory(): Promise<void> {
    try {
      const { chunks } = await historyOf({ httpUrl: this.#options.httpUrl }, this.conversationId);
      const texts = new Map<string, string>();
      for (const { turnId, role, chunk } of chunks)
        if (turnId !== undefined && role === "assistant" && chunk.type === "text")
          texts.set(turnId, (texts.get(turnId) ?? "") + String(chunk.text));
      // The newest turn may still be running. Its events report its end.
      const sealed = [...texts].slice(0, -1);
      for (const [turnId, text] of sealed) this.view.fill(turnId, text);
    } catch (error) {
      this.#note(`could not read the history: ${error}`);
    }
  }

  /** At the end, when no turn runs, reads the turns that this reader has not seen live. */
  async finish(): Promise<void> {
    const { chunks } = await historyOf({ httpUrl: this.#options.httpUrl }, this.conversationId);
    for (const { turnId, role, chunk } of chunks)
      if (turnId !== undefined && role === "assistant" && chunk.type === "text")
        this.view.fill(turnId, String(chunk.text));
  }

  #note(what: string): void {
    this.story.push(`${Math.round(performance.now())} ${what}`);
    if (this.story.length > 40) this.story.shift();
  }
}

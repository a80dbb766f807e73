// A client that reconnects after every fault of the network. It reports each new socket and each received message to
// its owner, which keeps all other state.
import { WebSocket } from "ws";
import { isMessage, type Message } from "../../support/client/transcript.ts";
import type { Dice } from "../../support/dice.ts";
import type { Story, Tally } from "./story.ts";

const handshakeMs = 3_000;
const backoffFirstMs = 20;
const backoffMaxMs = 800;
const lookMs = 500;
/** After this long a silence in spite of pings, the connection counts as dead. */
const silenceMs = 4_000;

export interface VisitorOptions {
  /** The current URL. Called for each new socket. */
  url: () => string;
  isV1: boolean;
  /** Never gives up a silent socket, but waits until the server does. */
  isPatient: boolean;
  dice: Dice;
  story: Story;
  tally: Tally;
  opened(): void;
  /** @throws Error when the message is wrong. The visitor then stops for good. */
  heard(message: Message): void;
}

export class Visitor {
  failure: Error | undefined;
  readonly #options: VisitorOptions;
  #socket: WebSocket | undefined;
  #isEnded = false;
  #backoffMs = backoffFirstMs;
  #timer: NodeJS.Timeout | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #heardAt = 0;

  constructor(options: VisitorOptions) {
    this.#options = options;
  }

  start(): void {
    this.#watchdog = setInterval(() => this.#look(), lookMs);
    this.#connect();
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Drops the message if the socket is not open. */
  send(message: object): void {
    if (this.isOpen) this.#socket?.send(JSON.stringify(message));
  }

  /** Closes the socket from the client's side. The visitor then reconnects. */
  leave(how: "close" | "kill"): void {
    if (how === "kill") this.#socket?.terminate();
    else this.#socket?.close(1000);
  }

  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#timer);
    clearInterval(this.#watchdog);
    this.#socket?.terminate();
  }

  #connect(): void {
    const { url, isV1, story, tally, opened } = this.#options;
    const protocols = isV1 ? ["turnwire.v1"] : [];
    const socket = new WebSocket(url(), protocols, { perMessageDeflate: false, handshakeTimeout: handshakeMs });
    this.#socket = socket;
    let refusal = "";
    socket.on("open", () => {
      this.#heardAt = performance.now();
      tally.add("connections");
      opened();
    });
    socket.on("message", (data) => this.#hear(socket, String(data)));
    socket.on("ping", () => {
      this.#heardAt = performance.now();
    });
    socket.on("error", (error) => {
      refusal = ` (${error.message})`;
    });
    socket.on("close", (code) => {
      story.note(`closed with ${code}${refusal}`);
      tally.add(`closed with ${code}`);
      this.#socket = undefined;
      this.#comeBack();
    });
  }

  #comeBack(): void {
    if (this.#isEnded || this.failure) return;
    const waitMs = this.#backoffMs * this.#options.dice.between(0.5, 1.5);
    this.#backoffMs = Math.min(backoffMaxMs, this.#backoffMs * 2);
    this.#timer = setTimeout(() => this.#connect(), waitMs);
  }

  #hear(socket: WebSocket, text: string): void {
    if (this.failure || socket !== this.#socket) return;
    this.#heardAt = performance.now();
    this.#backoffMs = backoffFirstMs;
    try {
      const message: unknown = JSON.parse(text);
      if (!isMessage(message)) throw new Error(`this is not a message: ${text.slice(0, 200)}`);
      if (message.type === "error") throw new Error(`a request was refused: ${text.slice(0, 300)}`);
      this.#options.heard(message);
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
      this.#options.story.note(`FAILED: ${this.failure.message}; on ${text.slice(0, 120)} … ${text.slice(-120)}`);
      socket.terminate();
    }
  }

  /** Browsers cannot see WebSocket pings, so an impatient visitor sends its own, as they do (protocol 2, ping). */
  #look(): void {
    if (!this.isOpen || this.#options.isPatient) return;
    const silentMs = performance.now() - this.#heardAt;
    if (silentMs > silenceMs) {
      this.#options.story.note("took the silent socket for dead");
      this.#options.tally.add("sockets given up by their client");
      this.#socket?.terminate();
    } else if (silentMs > lookMs) this.send({ type: "ping" });
  }
}

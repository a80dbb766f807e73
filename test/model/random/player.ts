// A client on a real WebSocket that tells whoever plays it everything that comes, as it comes. Must never answer
// anything by itself but WebSocket pings, nor keep anything.
import { WebSocket } from "ws";
import { isMessage, type Message } from "../../support/client/transcript.ts";
import { within } from "../../support/deadline.ts";

/** What is no message is told as one of a type that there is not. */
function messageIn(text: string): Message {
  try {
    const message: unknown = JSON.parse(text);
    if (isMessage(message)) return message;
  } catch {}
  return { type: `no message: ${text.slice(0, 200)}` };
}

export class Player {
  /** Everything that comes goes here. */
  hear: (message: Message) => void = () => {};
  /** The socket has closed, whoever closed it. */
  end: (code: number) => void = () => {};
  readonly isV1: boolean;
  readonly #socket: WebSocket;
  #pings = 0;
  #pongs = 0;
  #awaited: { pong: number; resolve: () => void }[] = [];

  private constructor(socket: WebSocket, isV1: boolean) {
    this.#socket = socket;
    this.isV1 = isV1;
    socket.on("error", () => {});
    socket.on("close", (code) => this.end(code));
    socket.on("message", (data) => {
      const message = messageIn(String(data));
      this.hear(message);
      if (message.type !== "pong") return;
      this.#pongs++;
      const due = this.#awaited.filter(({ pong }) => pong <= this.#pongs);
      this.#awaited = this.#awaited.filter(({ pong }) => pong > this.#pongs);
      for (const { resolve } of due) resolve();
    });
  }

  /** Opens a socket; opened is called at the moment when it is open, before anything comes. */
  static async connect(url: string, isV1: boolean, opened: (player: Player) => void): Promise<Player> {
    const socket = new WebSocket(url, isV1 ? ["turnwire.v1"] : [], { perMessageDeflate: false });
    const player = new Player(socket, isV1);
    await within(
      new Promise<void>((resolve, reject) => {
        socket.once("open", () => {
          opened(player);
          resolve();
        });
        socket.once("error", reject);
      }),
      "the upgrade",
    );
    return player;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  /** Its pong proves that everything sent before was handled. */
  ping(id?: string): void {
    this.#pings++;
    this.send(JSON.stringify({ type: "ping", id }));
  }

  /** Until all pings have been answered. */
  async pongs(): Promise<void> {
    if (this.#pongs >= this.#pings) return;
    await new Promise<void>((resolve) => this.#awaited.push({ pong: this.#pings, resolve }));
  }

  /** Stops reading at the TCP level. */
  stall(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.close();
  }

  /** Cuts the TCP connection. */
  kill(): void {
    this.#socket.terminate();
  }
}

// A client on a real WebSocket that passes on every message as it comes. Must never answer anything by itself except
// WebSocket pings, and must never keep a message.
import { WebSocket } from "ws";
import { isMessage, type Message } from "../../support/client/transcript.ts";
import { within } from "../../support/deadline.ts";

/** Text that is not a message becomes a message of an unknown type. */
function messageIn(text: string): Message {
  try {
    const message: unknown = JSON.parse(text);
    if (isMessage(message)) return message;
  } catch {}
  return { type: `no message: ${text.slice(0, 200)}` };
}

export class Player {
  /** Called with every message that comes. */
  hear: (message: Message) => void = () => {};
  /** Called when the socket has closed, whichever side closed it. */
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

  /** Opens a socket. Calls `opened` as soon as it is open, before any message comes. */
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

  /** Waits until all pings have been answered. */
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

// A WebSocket client that does only what a player tells it: it withholds its pongs and its answer to a close frame on
// demand, and keeps reading meanwhile. It must never answer by itself while the player has told it not to.
import type { Message } from "../../support/client/transcript.ts";
import { isMessage } from "../../support/client/transcript.ts";
import {
  closeOf,
  closePayload,
  type Frame,
  type FrameToSend,
  opcodes,
  openUpgradedPeer,
  type Peer,
} from "../../support/http-peer.ts";
import { soon } from "./soon.ts";

/** Deadline of the wait for the next frame. A peer waits for frames as long as it exists. */
const readingMs = 120_000;

export class SteeredPeer {
  /** Every message, in order. */
  readonly received: Message[] = [];
  /** The server's close frame, when it has come. */
  closing: { code: number; reason: string } | undefined;
  /** The number of frames after the close frame: there must be none. */
  framesAfterClose = 0;
  /** The TCP connection has ended. */
  isGone = false;
  readonly #peer: Peer;
  readonly #unread: Message[] = [];
  #withheld: Buffer[] | undefined;
  #hasHeardEnd = false;
  #letsGo = false;

  constructor(peer: Peer) {
    this.#peer = peer;
    peer.socket.once("end", () => {
      this.#hasHeardEnd = true;
      if (this.#letsGo) peer.end();
    });
    void this.#read();
  }

  static async open(url: string): Promise<SteeredPeer> {
    const peer = new SteeredPeer(await openUpgradedPeer(url, {}, { allowHalfOpen: true }));
    await peer.next("catalog");
    return peer;
  }

  send(message: unknown): void {
    this.#peer.sendMessage(message);
  }

  sendFrame(frame: FrameToSend): void {
    this.#peer.send(frame);
  }

  /** Takes the oldest message of this type that has not been taken, and waits for one if necessary. */
  async next(type: string, fits: (message: Message) => boolean = () => true): Promise<Message> {
    const take = (): Message | undefined => {
      const at = this.#unread.findIndex((message) => message.type === type && fits(message));
      return at < 0 ? undefined : this.#unread.splice(at, 1)[0];
    };
    const story = (): string => {
      const closing = this.closing ? `; closed with ${JSON.stringify(this.closing)}` : "";
      return `a message ${type}; the newest: ${JSON.stringify(this.received.slice(-4))}${closing}`;
    };
    return await soon(take, story);
  }

  /** How many messages of this type have come. */
  count(type: string): number {
    return this.received.filter((message) => message.type === type).length;
  }

  /** Resolves when the server has handled everything sent before, and its answers have come. */
  async barrier(): Promise<void> {
    this.send({ type: "ping" });
    await this.next("pong");
  }

  /** Sends no pong from now on: the server's pings stay unacknowledged. */
  withholdPongs(): void {
    this.#withheld ??= [];
  }

  /** Sends the withheld pongs in their order, and each later pong at once. */
  givePongs(): void {
    const withheld = this.#withheld ?? [];
    this.#withheld = undefined;
    for (const payload of withheld) this.sendFrame({ opcode: opcodes.pong, payload });
  }

  /** How many pings the peer has not answered. */
  get pingsUnanswered(): number {
    return this.#withheld?.length ?? 0;
  }

  /** Sends a close frame: the answer to the server's, or the first one. */
  sendClose(code = 1000): void {
    this.sendFrame({ opcode: opcodes.close, payload: closePayload(code) });
    this.letGo();
  }

  /** Ends this side of the TCP connection once the server has ended its own. Without this call it stays half open. */
  letGo(): void {
    this.#letsGo = true;
    if (this.#hasHeardEnd) this.#peer.end();
  }

  /** Cuts the TCP connection. */
  vanish(): void {
    this.#peer.kill();
  }

  async #read(): Promise<void> {
    for (;;) {
      // The wait rejects when the connection ends, which a path may cause on purpose.
      const frame = await this.#peer.frame(() => true, readingMs).catch(() => undefined);
      if (!frame) break;
      this.#take(frame);
    }
    this.isGone = true;
  }

  #take(frame: Frame): void {
    const { opcode, payload } = frame;
    if (this.closing) this.framesAfterClose++;
    if (opcode === opcodes.ping) {
      if (this.#withheld) this.#withheld.push(payload);
      else this.sendFrame({ opcode: opcodes.pong, payload });
    } else if (opcode === opcodes.close) this.closing ??= closeOf(frame);
    else if (opcode === opcodes.text) {
      const message: unknown = JSON.parse(payload.toString());
      if (!isMessage(message)) throw new Error(`the server sent an invalid message: ${payload.toString()}`);
      this.received.push(message);
      this.#unread.push(message);
    }
  }
}

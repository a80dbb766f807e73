// A WebSocket client that does only what a player tells it: it withholds its pongs and its answer to a close frame on
// demand, and goes on reading meanwhile. Must never answer anything by itself while it is told not to.
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

/** Of the one wait for frames that goes on as long as the peer. */
const readingMs = 120_000;

export class SteeredPeer {
  /** Every message, in order. */
  readonly received: Message[] = [];
  /** The server's close frame, when it has come. */
  closing: { code: number; reason: string } | undefined;
  /** Frames that came after it: there must be none. */
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

  /** The oldest message of a type not yet taken, now or soon; it is taken. */
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

  /** How many of a type have come. */
  count(type: string): number {
    return this.received.filter((message) => message.type === type).length;
  }

  /** When it settles, the server has handled what was sent before, and its answers have come. */
  async barrier(): Promise<void> {
    this.send({ type: "ping" });
    await this.next("pong");
  }

  /** No pong leaves from now on: its pings stay without an ack. */
  withholdPongs(): void {
    this.#withheld ??= [];
  }

  /** The pongs withheld leave now, in their order, and each later one at once. */
  givePongs(): void {
    const withheld = this.#withheld ?? [];
    this.#withheld = undefined;
    for (const payload of withheld) this.sendFrame({ opcode: opcodes.pong, payload });
  }

  /** How many pings wait for an answer. */
  get pingsUnanswered(): number {
    return this.#withheld?.length ?? 0;
  }

  /** The close frame: the answer to the server's, or the first one. */
  sendClose(code = 1000): void {
    this.sendFrame({ opcode: opcodes.close, payload: closePayload(code) });
    this.letGo();
  }

  /** Ends its side of the TCP connection when the server has ended its own: until then it stays half open. */
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
      // That the connection ends is one of the things that may happen.
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
      if (!isMessage(message)) throw new Error(`the server sent what is no message: ${payload.toString()}`);
      this.received.push(message);
      this.#unread.push(message);
    }
  }
}

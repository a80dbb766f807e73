// A WebSocket client that is light enough to stand for thousands: reads frames without parsing their JSON, checks that
// the seqs have no hole, answers pings, and can stop reading for ever.
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

const opcodes = { text: 0x1, close: 0x8, ping: 0x9, pong: 0xa } as const;
const seqField = Buffer.from('"seq":');
const sealedStart = Buffer.from('{"type":"chat.delta","event":{"type":"turn-sealed"');
const fromSeqField = Buffer.from(',"fromSeq":');

export class Peer {
  readonly socket: Socket;
  /** Turn events seen, and the newest's seq. */
  events = 0;
  seq = 0;
  messages = 0;
  holes = 0;
  /** The last message that was no turn event. */
  heard = "";
  closeCode: number | undefined;
  closed = false;
  sealed = 0;
  onMessage: (() => void) | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #upgraded: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (data: Buffer) => this.#read(data));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
      this.onMessage?.();
    });
  }

  /** Resolves when the server has upgraded the connection. */
  static open(url: string): Promise<Peer> {
    const { hostname, port, host } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.once("error", reject);
      const peer = new Peer(socket);
      peer.#upgraded = () => {
        socket.off("error", reject);
        resolve(peer);
      };
      const key = randomBytes(16).toString("base64");
      socket.write(
        `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
      );
    });
  }

  send(message: object): void {
    this.#write(opcodes.text, Buffer.from(JSON.stringify(message)));
  }

  /** Never reads again. */
  stall(): void {
    this.socket.pause();
  }

  cut(): void {
    this.socket.destroy();
  }

  #write(opcode: number, payload: Buffer): void {
    const header = payload.length < 126 ? Buffer.alloc(6) : Buffer.alloc(8);
    header[0] = 0x80 | opcode;
    if (payload.length < 126) header[1] = 0x80 | payload.length;
    else {
      header[1] = 0x80 | 126;
      header.writeUInt16BE(payload.length, 2);
    }
    // A mask of zeros is a mask (RFC 6455 5.3) and leaves the payload as it is.
    this.socket.write(Buffer.concat([header, payload]));
  }

  #read(data: Buffer): void {
    let bytes = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    if (this.#upgraded) {
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) {
        this.#rest = bytes;
        return;
      }
      bytes = bytes.subarray(end + 4);
      const upgraded = this.#upgraded;
      this.#upgraded = undefined;
      upgraded();
    }
    let offset = 0;
    for (;;) {
      const next = this.#frame(bytes, offset);
      if (next === undefined) break;
      offset = next;
    }
    this.#rest = Buffer.from(bytes.subarray(offset));
  }

  /** Takes one frame; answers where the next one begins, or undefined when it is not whole. */
  #frame(bytes: Buffer, offset: number): number | undefined {
    if (bytes.length < offset + 2) return undefined;
    const short = (bytes[offset + 1] ?? 0) & 0x7f;
    const header = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < offset + header) return undefined;
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(offset + 2) : bytes.readUInt32BE(offset + 6);
    const end = offset + header + length;
    if (bytes.length < end) return undefined;
    this.#take((bytes[offset] ?? 0) & 0x0f, bytes.subarray(offset + header, end));
    return end;
  }

  #take(opcode: number, payload: Buffer): void {
    if (opcode === opcodes.ping) this.#write(opcodes.pong, payload);
    else if (opcode === opcodes.close) {
      this.closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.#write(opcodes.close, payload.subarray(0, 2));
    } else if (opcode === opcodes.text) {
      this.messages++;
      if (payload.toString("latin1", 8, 15) === '"chat.d') this.#delta(payload);
      else this.heard = payload.toString("utf8", 0, 300);
      this.onMessage?.();
    }
  }

  /** {"type":"chat.delta","event":{…},"epoch":"…","seq":17,"fromSeq":3}: the numbers stand at the end. */
  #delta(payload: Buffer): void {
    const at = payload.lastIndexOf(seqField);
    const seq = numberAt(payload, at + seqField.length);
    const from = payload.lastIndexOf(fromSeqField);
    const first = from > at ? numberAt(payload, from + fromSeqField.length) : seq;
    if (first !== this.seq + 1 && this.seq !== 0) this.holes++;
    this.events += seq - first + 1;
    this.seq = seq;
    if (sealedStart.equals(payload.subarray(0, sealedStart.length))) this.sealed++;
  }
}

const numberAt = (bytes: Buffer, offset: number): number => Number.parseInt(bytes.toString("latin1", offset), 10);

/** Waits until the condition holds, looking again with each turn of the loop; fails after the deadline. */
export async function until(condition: () => boolean, deadlineMs: number, what: string): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

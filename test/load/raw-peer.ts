// The base of all load clients: a WebSocket client that parses frames in place, answers pings, and can stop reading for
// ever. Subclasses interpret the messages. It must avoid needless copies, because thousands of these clients share one
// core with the server that they measure.
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

const opcodes = { text: 0x1, close: 0x8, ping: 0x9, pong: 0xa } as const;
/** One buffer for all sockets, because each read is processed before the next one. */
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024);
const nothing = Buffer.alloc(0);

export interface PeerOptions {
  path?: string;
  subprotocol?: string;
  /** The source address. Each address has ports of its own. */
  localAddress?: string;
}

export abstract class RawPeer {
  readonly socket: Socket;
  closeCode: number | undefined;
  closed = false;
  #rest: Buffer = nothing;
  #isUpgraded = false;
  #readsOnce = false;
  #opened: () => void = () => {};

  constructor(url: string, { path = "/", subprotocol, localAddress }: PeerOptions = {}) {
    const { hostname, port, host } = new URL(url);
    const callback = (length: number): boolean => {
      this.#read(length);
      return !this.#readsOnce;
    };
    const onread = { buffer: readBuffer, callback };
    this.socket = connect({ host: hostname, port: Number(port), onread, ...(localAddress && { localAddress }) });
    this.socket.setNoDelay(true);
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.closed = true;
      this.gone();
    });
    const key = randomBytes(16).toString("base64");
    this.socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n` +
        `${subprotocol === undefined ? "" : `Sec-WebSocket-Protocol: ${subprotocol}\r\n`}\r\n`,
    );
  }

  /** Resolves when the server has accepted the client. */
  opened(): Promise<this> {
    return new Promise((resolve, reject) => {
      const fail = (): void => reject(new Error("the server did not accept the socket"));
      this.socket.once("close", fail);
      this.#opened = () => {
        this.socket.off("close", fail);
        resolve(this);
      };
    });
  }

  /** Receives one text message, between `start` and `end`. */
  protected abstract text(bytes: Buffer, start: number, end: number): void;

  /** Called when data has arrived, before it is parsed. */
  protected reading(): void {}

  protected upgraded(): void {
    this.isIn();
  }

  protected gone(): void {}

  /** Subclasses call this when the server has accepted the client. */
  protected isIn(): void {
    this.#opened();
  }

  sendText(text: string): void {
    this.#write(opcodes.text, Buffer.from(text));
  }

  /** Stops reading for good, except for readOnce. */
  stall(): void {
    this.socket.pause();
  }

  /** Makes one read from the socket, then stops reading again. */
  readOnce(): void {
    this.#readsOnce = true;
    this.socket.resume();
  }

  cut(): void {
    this.socket.destroy();
  }

  #write(opcode: number, payload: Buffer): void {
    const length = payload.length;
    const header = Buffer.alloc(length < 126 ? 6 : length < 65_536 ? 8 : 14);
    header[0] = 0x80 | opcode;
    if (length < 126) header[1] = 0x80 | length;
    else if (length < 65_536) {
      header[1] = 0x80 | 126;
      header.writeUInt16BE(length, 2);
    } else {
      header[1] = 0x80 | 127;
      header.writeUInt32BE(length, 6);
    }
    // A mask of zeros is valid (RFC 6455 5.3) and leaves the payload as it is.
    this.socket.write(Buffer.concat([header, payload]));
  }

  #read(length: number): void {
    this.reading();
    const fresh = readBuffer.subarray(0, length);
    const bytes = this.#rest.length === 0 ? fresh : Buffer.concat([this.#rest, fresh]);
    let offset = 0;
    if (!this.#isUpgraded) {
      const end = bytes.indexOf("\r\n\r\n");
      if (end >= 0) {
        this.#isUpgraded = true;
        offset = end + 4;
        if (bytes.toString("latin1", 9, 12) === "101") this.upgraded();
        else this.cut();
      }
    }
    if (this.#isUpgraded) offset = this.#frames(bytes, offset);
    this.#rest = offset === bytes.length ? nothing : Buffer.from(bytes.subarray(offset));
  }

  /** Processes every complete frame. Returns the offset of the next one. */
  #frames(bytes: Buffer, from: number): number {
    const length = bytes.length;
    let offset = from;
    while (offset + 2 <= length) {
      const short = (bytes[offset + 1] ?? 0) & 0x7f;
      const start = offset + (short < 126 ? 2 : short === 126 ? 4 : 10);
      if (start > length) break;
      const payload =
        short < 126 ? short : short === 126 ? bytes.readUInt16BE(offset + 2) : bytes.readUInt32BE(offset + 6);
      const end = start + payload;
      if (end > length) break;
      const opcode = (bytes[offset] ?? 0) & 0x0f;
      if (opcode === opcodes.text) this.text(bytes, start, end);
      else if (opcode === opcodes.ping) this.#write(opcodes.pong, bytes.subarray(start, end));
      else if (opcode === opcodes.close) {
        this.closeCode = payload >= 2 ? bytes.readUInt16BE(start) : 1005;
        this.#write(opcodes.close, bytes.subarray(start, start + Math.min(2, payload)));
      }
      offset = end;
    }
    return offset;
  }
}

// A WebSocket client that checks the seqs of turn events for holes, without parsing JSON.
import { RawPeer } from "./raw-peer.ts";

const seqField = Buffer.from('"seq":');
const sealedStart = Buffer.from('{"type":"chat.delta","event":{"type":"turn-sealed"');
const fromSeqField = Buffer.from(',"fromSeq":');

export class Peer extends RawPeer {
  /** Turn events seen, and the seq of the newest one. */
  events = 0;
  seq = 0;
  messages = 0;
  holes = 0;
  /** The last message other than a turn event. */
  heard = "";
  sealed = 0;
  onMessage: (() => void) | undefined;

  /** Resolves when the server has upgraded the connection. */
  static open(url: string): Promise<Peer> {
    return new Peer(url).opened();
  }

  send(message: object): void {
    this.sendText(JSON.stringify(message));
  }

  protected override gone(): void {
    this.onMessage?.();
  }

  protected override text(bytes: Buffer, start: number, end: number): void {
    this.messages++;
    if (bytes.toString("latin1", start + 8, start + 15) === '"chat.d') this.#delta(bytes.subarray(start, end));
    else this.heard = bytes.toString("utf8", start, Math.min(end, start + 300));
    this.onMessage?.();
  }

  /** {"type":"chat.delta","event":{…},"epoch":"…","seq":17,"fromSeq":3}: the numbers are at the end. */
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

/** Waits until the condition holds, looking again every 5 ms; fails after the deadline. */
export async function until(condition: () => boolean, deadlineMs: number, what: string): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${what}: timed out after ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

// A client that reconnects and resumes. It remembers its last event, asks for the events after it, and counts missed
// and repeated events. It reads only the end of a delta, where the numbers are.
import type { BenchPeer } from "./bench-peer.ts";

const delta = Buffer.from('"type":"chat.delta"');
const subscribed = Buffer.from('"type":"chat.subscribed"');
const seqField = Buffer.from('"seq":');
const fromField = Buffer.from('"fromSeq":');
/** Bytes to search at the end of a message. The last fields are epoch, seq and fromSeq. */
const tailBytes = 40;

/** Counts the events that one client missed or received twice. */
export class Tally {
  /** The seq of the newest event. */
  seq = 0;
  missed = 0;
  twice = 0;

  /** Counts the chat.delta that ends at `end`. */
  take(bytes: Buffer, end: number): void {
    const tail = bytes.subarray(Math.max(0, end - tailBytes), end);
    const seq = numberAfter(tail, seqField) ?? 0;
    const from = numberAfter(tail, fromField) ?? seq;
    if (from > this.seq + 1) this.missed += from - this.seq - 1;
    if (from <= this.seq) this.twice += Math.min(seq, this.seq) - from + 1;
    this.seq = Math.max(this.seq, seq);
  }
}

export class StormClient {
  readonly conversationId: string;
  peer: BenchPeer | undefined;
  readonly tally = new Tally();
  /** Subscriptions that the server did not resume (`recovered` was not true). */
  lost = 0;
  #epoch: string | undefined;
  /** The client has caught up when it reaches this seq. */
  #newest = Number.POSITIVE_INFINITY;
  cutAt = 0;
  /** Milliseconds from the cut until the client has caught up. */
  backMs: number | undefined;

  constructor(conversationId: string) {
    this.conversationId = conversationId;
  }

  /** Connects or reconnects with this peer, which is about to be opened. */
  use(peer: BenchPeer): void {
    this.peer = peer;
    this.#newest = Number.POSITIVE_INFINITY;
    peer.listener = (bytes, start, end) => {
      if (this.peer === peer) this.#take(bytes, start, end);
    };
  }

  subscribe(): void {
    // The first subscription knows no epoch. The server's answer tells the current one.
    const after = { epoch: this.#epoch ?? "none", seq: this.tally.seq };
    this.peer?.send({ type: "chat.subscribe", conversationId: this.conversationId, after });
  }

  cut(): void {
    this.cutAt = performance.now();
    this.backMs = undefined;
    const peer = this.peer;
    this.peer = undefined;
    peer?.cut();
  }

  #take(bytes: Buffer, start: number, end: number): void {
    const head = bytes.subarray(start, start + 60);
    if (head.includes(delta)) this.tally.take(bytes, end);
    else if (head.includes(subscribed)) this.#subscribed(bytes.toString("utf8", start, end));
    else return;
    if (this.tally.seq < this.#newest || this.backMs !== undefined) return;
    this.backMs = performance.now() - this.cutAt;
  }

  #subscribed(text: string): void {
    const json = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
    if (this.#epoch !== undefined && json.recovered !== true) this.lost++;
    this.#epoch = json.epoch;
    this.#newest = json.seq;
  }
}

function numberAfter(bytes: Buffer, field: Buffer): number | undefined {
  const at = bytes.lastIndexOf(field);
  return at < 0 ? undefined : Number.parseInt(bytes.toString("latin1", at + field.length), 10);
}

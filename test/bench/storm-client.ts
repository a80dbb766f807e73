// A client that comes back: it knows the last event it has, asks for what came after it, and counts what it missed and
// what it got twice. Reads only the ends of messages, where the numbers are.
import type { BenchPeer } from "./bench-peer.ts";

const delta = Buffer.from('"type":"chat.delta"');
const subscribed = Buffer.from('"type":"chat.subscribed"');
const seqField = Buffer.from('"seq":');
const fromField = Buffer.from('"fromSeq":');
/** A message's tail: epoch, seq, fromSeq. */
const tailBytes = 40;

/** The events of one client: what it has, and what went wrong on the way. */
export class Tally {
  /** Of the last one. */
  seq = 0;
  missed = 0;
  twice = 0;

  /** Takes the chat.delta that ends here. */
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
  /** Answers other than that it goes on where it was. */
  lost = 0;
  #epoch: string | undefined;
  /** The seq to be reached before it has caught up. */
  #newest = Number.POSITIVE_INFINITY;
  cutAt = 0;
  /** Since the cut. */
  backMs: number | undefined;

  constructor(conversationId: string) {
    this.conversationId = conversationId;
  }

  /** Comes (back) on this peer, which is about to be opened. */
  use(peer: BenchPeer): void {
    this.peer = peer;
    this.#newest = Number.POSITIVE_INFINITY;
    peer.listener = (bytes, start, end) => {
      if (this.peer === peer) this.#take(bytes, start, end);
    };
  }

  subscribe(): void {
    // The first time it knows no epoch, and is told so.
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

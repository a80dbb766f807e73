// A feed and in-memory sockets that watch it through real cursors and writers. A test moves the cursors as a watch's
// chart would, and reads the signals of each.

import { Corker } from "../../src/egress/cork.ts";
import { EgressCounters } from "../../src/egress/counters.ts";
import { SocketWriter } from "../../src/egress/socket-writer.ts";
import type { Limits } from "../../src/limits.ts";
import type { LoggedEvent } from "../../src/ports/orchestrator.ts";
import { Cursor } from "../../src/streams/cursor.ts";
import { Feed } from "../../src/streams/feed.ts";
import { FlushInterval } from "../../src/streams/flush-interval.ts";
import { TurnLog } from "../../src/streams/turn-log.ts";
import { type Transcript, transcriptOf } from "./client/transcript.ts";
import { SimulatedClock } from "./clock.ts";
import { limits } from "./limits.ts";
import { MemorySocket } from "./socket.ts";

export const conversationId = "c";

export const event = (type: string, fields: object = {}, turnId = "t1"): LoggedEvent => ({
  type,
  conversationId,
  turnId,
  ...fields,
});
export const text = (delta: string, turnId = "t1"): LoggedEvent => event("text-delta", { delta }, turnId);
export const sealed = (turnId = "t1"): LoggedEvent => event("turn-sealed", { latestSeq: 2 }, turnId);

export interface Watcher {
  socket: MemorySocket;
  writer: SocketWriter;
  cursor: Cursor;
  /** The signals of its writer and its cursor, in order. */
  signals: string[];
  /** The events written to the socket, checked for gaps. */
  transcript(): Transcript;
}

export class FeedFixture {
  readonly clock = new SimulatedClock();
  readonly signals: string[] = [];
  readonly limits: Limits;
  readonly flushInterval: FlushInterval;
  readonly corker = new Corker(this.clock);
  readonly counters = new EgressCounters();
  readonly feed: Feed;
  /** A watcher that has asked for the first turn. */
  readonly asker = { lacks: () => false, turnOver: () => void this.signals.push("turn over") };

  constructor(bounds: Partial<Limits> = {}) {
    this.limits = { ...limits, ...bounds };
    this.flushInterval = new FlushInterval(this.clock, this.limits);
    const note = (signal: string) => () => void this.signals.push(signal);
    const owner = { turnSealed: () => {}, turnTooLarge: note("too large") };
    const log = new TurnLog("e", this.limits);
    this.feed = new Feed(conversationId, log, owner, this.clock, this.limits, this.flushInterval);
    this.feed.watchers.add(this.asker);
    this.feed.askers.add(this.asker);
  }

  /** A socket whose cursor begins where a new watch's would. */
  watcher(seq = this.feed.startSeq()): Watcher {
    const signals: string[] = [];
    const socket = new MemorySocket();
    const owner = {
      tell: (signal: string) => void signals.push(signal.replace(/^\w+\./, "")),
      lost: () => void signals.push("lost"),
    };
    const writer = new SocketWriter(socket, owner, this);
    const cursor = new Cursor(this.feed, writer, owner, seq, this.limits);
    return { socket, writer, cursor, signals, transcript: () => transcriptOf(socket.messages(), conversationId) };
  }

  /** A socket whose cursor has caught up and joined the live set. */
  live(): Watcher {
    const watcher = this.watcher();
    while (watcher.cursor.pump() === "more");
    watcher.cursor.join();
    watcher.signals.length = 0;
    return watcher;
  }

  append(...events: LoggedEvent[]): void {
    for (const one of events) this.feed.append(one);
  }
}

/** Makes the clock's deferred work run one loop turn per call of the returned function; true while work is left. */
export function turnByTurn(clock: SimulatedClock): () => boolean {
  let waiting: (() => void)[] = [];
  clock.defer = (run) => void waiting.push(run);
  return () => {
    const turn = waiting;
    waiting = [];
    for (const run of turn) run();
    return waiting.length > 0;
  };
}

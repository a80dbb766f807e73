// Small requests and their answers: an application's ping, the start of a turn, and a whole turn of 200 deltas.
import { until } from "../../load/peer.ts";
import type { BenchPeer } from "../bench-peer.ts";
import type { Rig } from "../rig.ts";
import type { Script } from "../servers/stage.ts";
import { below, everyServer, type Measured, type Scale, type Target, type Workload } from "../workload.ts";

const parts = {
  ping: "ping and pong, one after the other",
  pings: "ping and pong, 50 sockets at once",
  start: "turn of one delta, conversation watched",
  first: "turn of one delta, new conversation",
  turn: "turn of 200 deltas, 20 at once",
};
const deadlineMs = 30_000;
const pong = Buffer.from('"pong"');
const started = Buffer.from('"turn-start"');
const ended = Buffer.from('"turn-sealed"');
/** Conversations that the asking socket watches. A socket may watch 128. */
const known = 100;
let serial = 0;

/** How a part is played: a fixed number of sockets, and a function that resolves with the number of requests made. */
interface Play {
  sockets: number;
  play(rig: Rig, peers: BenchPeer[]): Promise<number>;
}

export const requestReply = ({ pick }: Scale): Workload => ({
  name: "request-reply",
  title: "request and reply",
  unit: "request",
  sockets: 100,
  lanes: everyServer,
  parts: Object.values(parts),
  repetitions: pick(5, 9),
  async prepare(rig) {
    const plays: Record<string, Play> = {
      [parts.ping]: { sockets: 1, play: (_, peers) => pingAll(rig, peers, pick(300, 2_000)) },
      [parts.pings]: { sockets: 50, play: (_, peers) => pingAll(rig, peers, pick(20, 100)) },
      [parts.start]: { sockets: 1, play: (_, peers) => startTurns(rig, peers, pick(40, 200), known) },
      [parts.first]: { sockets: 1, play: (_, peers) => startTurns(rig, peers, pick(40, 200), 0) },
      [parts.turn]: { sockets: 20, play: (_, peers) => playTurns(peers) },
    };
    const take = async (part: string) => {
      const { sockets = 0, play } = plays[part] ?? {};
      const { sockets: before } = await rig.figures();
      // Opens only the sockets that the part needs, because the start of a turn is broadcast to every socket.
      const peers = await rig.open(sockets);
      for (const peer of peers) peer.isMeasured = false;
      let units = 0;
      const work = async (): Promise<void> => {
        units = (await play?.(rig, peers)) ?? 0;
      };
      const sample = await rig.measure(work, () => units);
      for (const peer of peers) peer.cut();
      await rig.settled((figures) => figures.sockets === before, "the sockets' end");
      return sample;
    };
    for (let round = 0; round < 4; round++) for (const part of Object.values(parts)) await take(part);
    return take;
  },
  targets: (measured) => [
    ...withinOfPlain(measured, parts.ping, "request/reply"),
    ...withinOfPlain(measured, parts.start, "turn start, conversation watched"),
    ...withinOfPlain(measured, parts.first, "turn start, new conversation"),
    ...below("turn of 200 deltas: of plain ws's CPU", 1 / measured.ratio(parts.turn, "turnwire", "plain-ws"), 1.1, "×"),
  ],
});

/** Each socket sends its next ping as soon as it has the pong. */
async function pingAll(rig: Rig, peers: BenchPeer[], rounds: number): Promise<number> {
  let waiting = peers.length;
  for (const peer of peers) {
    let left = rounds;
    let askedAt = 0;
    const ask = (): void => {
      askedAt = performance.now();
      peer.send({ type: "ping" });
    };
    peer.listener = (bytes, start, end) => {
      if (!bytes.subarray(start, end).includes(pong)) return;
      rig.meter.latencies.record((performance.now() - askedAt) * 1_000);
      if (--left > 0) return ask();
      peer.listener = undefined;
      waiting--;
    };
    ask();
  }
  await until(() => waiting === 0, deadlineMs, "pongs");
  return peers.length * rounds;
}

const newId = (): string => `request-${String(++serial).padStart(8, "0")}`;

const beginTurn = (peer: BenchPeer, conversationId: string, script: Script): void =>
  peer.send({ type: "chat.send", conversationId, message: JSON.stringify(script) });

/**
 * Starts one turn after the other from one socket. The turns cycle through `watched` conversations, or each has a new
 * one if `watched` is 0. The latency is the time until the turn's start event arrives.
 */
async function startTurns(rig: Rig, [asker]: BenchPeer[], count: number, watched: number): Promise<number> {
  if (!asker) return 0;
  const ids = Array.from({ length: watched }, newId);
  for (let turn = 0; turn < count; turn++) {
    const askedAt = performance.now();
    const isOver = new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error("the turn did not end in time")), deadlineMs);
      asker.listener = (bytes, start, end) => {
        const message = bytes.subarray(start, end);
        if (message.includes(started)) rig.meter.latencies.record((performance.now() - askedAt) * 1_000);
        if (!message.includes(ended)) return;
        clearTimeout(deadline);
        resolve();
      };
    });
    const conversationId = ids[turn % watched] ?? newId();
    beginTurn(asker, conversationId, { bursts: 1, burst: 1, pauseMs: 0, characters: 40 });
    await isOver;
    if (watched === 0) asker.send({ type: "chat.unsubscribe", conversationId });
  }
  return count;
}

/** One delta per millisecond, as from a fast model. */
async function playTurns(peers: BenchPeer[]): Promise<number> {
  let waiting = peers.length;
  for (const peer of peers) {
    peer.isMeasured = true;
    peer.listener = (bytes, start, end) => {
      if (bytes.subarray(start, end).includes(ended)) waiting--;
    };
    beginTurn(peer, newId(), { bursts: 200, burst: 1, pauseMs: 1, characters: 40 });
  }
  await until(() => waiting === 0, deadlineMs, "turns of 200 deltas");
  return peers.length;
}

/** Within 0.2 ms of plain ws, in latency and in CPU. */
function withinOfPlain(measured: Measured, part: string, what: string): Target[] {
  const more = (metric: "p50Ms" | "cpuUs"): number =>
    measured.median(part, "turnwire", metric) - measured.median(part, "plain-ws", metric);
  return [
    ...below(`${what}: later than plain ws, p50`, more("p50Ms"), 0.2, "ms"),
    ...below(`${what}: CPU beyond plain ws`, more("cpuUs") / 1_000, 0.2, "ms"),
  ];
}

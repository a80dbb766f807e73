// 50 hostile sockets at full speed beside 100 that behave: how late what those are told comes, against when nobody is
// hostile; pairs in turn about.
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "../support/store-place.ts";
import { AskedProcess } from "./asked-process.ts";
import type { Ask, Attack } from "./hostile-peers.ts";
import type { Peer } from "./peer.ts";
import { ServerProcess } from "./server-process.ts";
import { MiB, median, type Table } from "./table.ts";

const conversationId = "calm";
const hostile = 50;
const calm = 100;
const halfMs = 5_000;
/** Each calm socket asks so often. */
const pingEveryMs = 100;
const attackersMs = 60_000;

interface Half {
  /** Of the round trips of the calm sockets' pings, ms. */
  p50: number;
  p99: number;
  /** Of the server, beside its turn logs, which have a budget. */
  rss: number;
}

interface Pair {
  attacked: Half;
  calm: Half;
}

export async function hostileSockets(table: Table): Promise<void> {
  const pairs = Number(process.env["LOAD_PAIRS"] ?? 9);
  // What is asked is kept, and is not to be kept in memory.
  const dataDir = temporaryDirectory();
  const server = await ServerProcess.start(dataDir);
  const program = fileURLToPath(new URL("./hostile-peers.ts", import.meta.url));
  const attackers = new AskedProcess<Ask, Attack>([program], { deadlineMs: attackersMs });
  await attackers.report();
  const peers = await server.openWatchers(calm, conversationId);
  const message = JSON.stringify({ tokens: 1_000_000, delayMs: 20 });
  peers[0]?.send({ type: "chat.send", conversationId, message, model: "demo/script" });

  const half = async (isAttacked: boolean): Promise<Half> => {
    if (isAttacked) await attackers.ask({ ask: "attack", url: server.url, sockets: hostile });
    const times = await roundTrips(peers);
    if (isAttacked) await attackers.ask({ ask: "rest" });
    await server.settled(({ sockets }) => sockets === calm, "the hostile sockets to be gone");
    const { rssBytes, logBytes } = await server.ask({ ask: "collect" });
    return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), rss: rssBytes - logBytes };
  };
  const played: Pair[] = [];
  while (played.length < pairs) {
    const attackedFirst = played.length % 2 === 0;
    const first = await half(attackedFirst);
    const second = await half(!attackedFirst);
    played.push(attackedFirst ? { attacked: first, calm: second } : { attacked: second, calm: first });
  }

  const done = await attackers.ask({ ask: "rest" });
  const ms = (of: (pair: Pair) => number): string => median(played.map(of)).toFixed(1);
  const p99 = median(played.map((pair) => pair.attacked.p99 / pair.calm.p99));
  const p50s = `${ms((pair) => pair.calm.p50)} → ${ms((pair) => pair.attacked.p50)} ms`;
  const p99s = `${ms((pair) => pair.calm.p99)} → ${ms((pair) => pair.attacked.p99)} ms`;
  const what = `${hostile} hostile sockets at full speed: ping of ${calm} others, median of ${pairs} pairs, p99`;
  table.row(what, `× ${p99.toFixed(2)} (${p99s})`, "< 2", p99 < 2);
  table.note("… p50", p50s);
  const [, second = played[0]] = played;
  const growth = (played.at(-1)?.attacked.rss ?? 0) - (second?.attacked.rss ?? 0);
  const grown = `${(growth / MiB).toFixed(1)} MiB more`;
  table.row("… memory beside the logs, from the second pair to the last", grown, "< 16 MiB", growth < 16 * MiB);
  const harmed = peers.filter((peer) => peer.holes > 0 || peer.closed).length;
  table.row("… others that missed an event, or were closed", `${harmed}`, "0", harmed === 0);
  const { closedWith } = await server.figures();
  table.note("… connections of the hostile ones", `${done.connections}, ${closedWith["4003"] ?? 0} closed with 4003`);
  for (const peer of peers) peer.cut();
  attackers.kill();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

const quantile = (values: number[], at: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * at)] ?? Number.NaN;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

/** The calm sockets ping now and then, each at its own moments; resolves with how long their answers took, ms. */
async function roundTrips(peers: Peer[]): Promise<number[]> {
  const times: number[] = [];
  const asking = peers.map(async (peer, index) => {
    const until = performance.now() + halfMs;
    await pause((index * pingEveryMs) / peers.length);
    while (performance.now() < until && !peer.closed) {
      const askedAt = performance.now();
      await answered(peer);
      times.push(performance.now() - askedAt);
      await pause(pingEveryMs - (performance.now() - askedAt));
    }
  });
  await Promise.all(asking);
  return times;
}

function answered(peer: Peer): Promise<void> {
  peer.heard = "";
  return new Promise((resolve) => {
    peer.onMessage = () => {
      if (peer.heard !== '{"type":"pong"}' && !peer.closed) return;
      peer.onMessage = undefined;
      resolve();
    };
    peer.send({ type: "ping" });
  });
}

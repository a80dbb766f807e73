// 50 hostile sockets, or HTTP connections, at full speed beside 100 that behave: how late what those are told comes.
// Played by turns in three ways: nobody is hostile, they attack a neighbour (another server on the machine, which is
// then as busy), they attack the server that is measured. Attackers take processor time from a server on a machine of
// two cores wherever they send; what its own fairness is worth is told by the last two. The second in which they come
// in is told apart: fifty upgrades and more than a hundred MiB into the system's buffers are not what goes on
// afterwards.
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "../support/store-place.ts";
import { AskedProcess } from "./asked-process.ts";
import type { Ask, Attack, Door } from "./hostile-peers.ts";
import type { Peer } from "./peer.ts";
import { ServerProcess } from "./server-process.ts";
import { MiB, median, type Table } from "./table.ts";

const conversationId = "calm";
const hostile = 50;
const calm = 100;
const halfMs = 5_000;
/** So long they take to come in and to fill the buffers between here and there: told apart from the attack itself. */
const arrivalMs = 1_000;
/** Each calm socket asks so often. */
const pingEveryMs = 100;
/** A server is at rest when it takes less than this share of a processor for so long; asked so often at most. */
const restShare = 0.1;
const restMs = 500;
const restRoundsMax = 40;
const attackersMs = 60_000;

const ways = ["quiet", "neighbour", "attacked"] as const;

type Way = (typeof ways)[number];

interface Played {
  /** Of the round trips of the calm sockets' pings, ms. */
  p50: number;
  p99: number;
  /** The same of those that were asked while the hostile sockets came in … */
  arrivalP99: number;
  /** … and of those that were asked when they were there. */
  attackP99: number;
  /** What the server holds after a collection, beside its turn logs, which have a budget. */
  held: number;
  /** The process has had so much of the system's memory at its most; it gives little back. */
  rss: number;
}

export const hostileSockets = (table: Table): Promise<void> => play(table, "ws");
export const hostileRequests = (table: Table): Promise<void> => play(table, "http");

async function play(table: Table, door: Door): Promise<void> {
  const rounds = Number(process.env["LOAD_PAIRS"] ?? 9);
  // What is asked is kept, and is not to be kept in memory.
  const [dataDir, otherDir] = [temporaryDirectory(), temporaryDirectory()];
  const [server, neighbour] = [await ServerProcess.start(dataDir), await ServerProcess.start(otherDir)];
  const program = fileURLToPath(new URL("./hostile-peers.ts", import.meta.url));
  const attackers = new AskedProcess<Ask, Attack>([program], { deadlineMs: attackersMs });
  await attackers.report();
  const peers = await server.openWatchers(calm, conversationId);
  const message = JSON.stringify({ tokens: 1_000_000, delayMs: 20 });
  peers[0]?.send({ type: "chat.send", conversationId, message, model: "demo/script" });

  const targets = { quiet: undefined, neighbour, attacked: server };
  const playRound = async (way: Way): Promise<Played> => {
    const target = targets[way];
    if (target)
      await attackers.ask({ ask: "attack", door, url: door === "ws" ? target.url : target.httpUrl, sockets: hostile });
    const times = await roundTrips(peers);
    if (target) await attackers.ask({ ask: "rest" });
    await server.settled(({ sockets }) => sockets === calm, "the hostile sockets to be gone");
    await neighbour.settled(({ sockets }) => sockets === 0, "the hostile sockets to be gone from the neighbour");
    await atRest(server);
    await atRest(neighbour);
    const { rssBytes, heldBytes, logBytes } = await server.ask({ ask: "collect" });
    const all = times.map(({ tookMs }) => tookMs);
    const asked = (inAttack: boolean): number[] =>
      times.filter(({ atMs }) => atMs >= arrivalMs === inAttack).map(({ tookMs }) => tookMs);
    return {
      ...{ p50: quantile(all, 0.5), p99: quantile(all, 0.99) },
      ...{ arrivalP99: quantile(asked(false), 0.99), attackP99: quantile(asked(true), 0.99) },
      ...{ held: heldBytes - logBytes, rss: rssBytes },
    };
  };
  const played: Record<Way, Played>[] = [];
  while (played.length < rounds) {
    const round: Partial<Record<Way, Played>> = {};
    for (let turn = 0; turn < ways.length; turn++) {
      const way = ways[(turn + played.length) % ways.length] ?? "quiet";
      round[way] = await playRound(way);
    }
    const { quiet, neighbour: beside, attacked } = round;
    if (quiet && beside && attacked) played.push({ quiet, neighbour: beside, attacked });
  }

  const done = await attackers.ask({ ask: "rest" });
  type Figure = "p50" | "p99" | "arrivalP99" | "attackP99";
  const ms = (of: Figure): string =>
    `${ways.map((way) => median(played.map((round) => round[way][of])).toFixed(1)).join(" · ")} ms`;
  const times = (than: Way, of: Figure): number => median(played.map((round) => round.attacked[of] / round[than][of]));
  // HTTP attackers keep the processor so busy, wherever they send, that only the neighbour shows what fairness is
  // worth.
  const [than, words] =
    door === "ws" ? (["quiet", "nobody attacks"] as const) : (["neighbour", "they attack a neighbour"] as const);
  const [attacked, beside] = [times(than, "attackP99"), times("neighbour", "p99")];
  const attack = `${hostile} hostile ${door === "ws" ? "sockets" : "HTTP connections"} at full speed`;
  const what = `${attack}: ping of ${calm} others, median of ${rounds} rounds, p99`;
  table.row(what, `× ${attacked.toFixed(2)} of what it is when ${words}`, "< 2", attacked < 2);
  table.note("… quiet · neighbour · attacked", ms("attackP99"));
  table.note(
    "… in the second in which they come in",
    `${ms("arrivalP99")}, × ${times("quiet", "arrivalP99").toFixed(2)}`,
  );
  table.row("… in all, of what it is when they attack a neighbour", `× ${beside.toFixed(2)}`, "< 2", beside < 2);
  table.note("… in all, of what it is when nobody attacks", `× ${times("quiet", "p99").toFixed(2)}`);
  table.note("… in all: quiet · neighbour · attacked", ms("p99"));
  table.note("… p50: quiet · neighbour · attacked", ms("p50"));
  const [, second = played[0]] = played;
  // The least of a round: long messages of those who have gone are still being carried out at its most.
  const kept = (round = played[0]): number => Math.min(...ways.map((way) => round?.[way].held ?? 0));
  const growth = kept(played.at(-1)) - kept(second);
  const grown = `${(growth / MiB).toFixed(1)} MiB more`;
  table.row("… memory held beside the logs, from the second round to the last", grown, "< 16 MiB", growth < 16 * MiB);
  const rss = (round = played[0]): string => ((round?.attacked.rss ?? 0) / MiB).toFixed(0);
  table.note("… RSS with the logs, the second round and the last", `${rss(second)} · ${rss(played.at(-1))} MiB`);
  const harmed = peers.filter((peer) => peer.holes > 0 || peer.closed).length;
  table.row("… others that missed an event, or were closed", `${harmed}`, "0", harmed === 0);
  const { closedWith } = await server.figures();
  table.note("… connections of the hostile ones", `${done.connections}, ${closedWith["4003"] ?? 0} closed with 4003`);
  for (const peer of peers) peer.cut();
  attackers.kill();
  await Promise.all([server.stop(), neighbour.stop()]);
  for (const directory of [dataDir, otherDir]) rmSync(directory, { recursive: true, force: true });
}

const quantile = (values: number[], at: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * at)] ?? Number.NaN;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

/** What an attack has sent is read and carried out for a while after it: not in a round that is called quiet. */
async function atRest(server: ServerProcess): Promise<void> {
  let { cpuMs } = await server.figures();
  for (
    let rounds = 0, usedMs = Number.POSITIVE_INFINITY;
    usedMs > restShare * restMs && rounds < restRoundsMax;
    rounds++
  ) {
    await pause(restMs);
    const figures = await server.figures();
    usedMs = figures.cpuMs - cpuMs;
    cpuMs = figures.cpuMs;
  }
}

/** The calm sockets ping now and then, each at its own moments; resolves with when, and how long their answers took. */
async function roundTrips(peers: Peer[]): Promise<{ atMs: number; tookMs: number }[]> {
  const times: { atMs: number; tookMs: number }[] = [];
  const begunAt = performance.now();
  const asking = peers.map(async (peer, index) => {
    const until = performance.now() + halfMs;
    await pause((index * pingEveryMs) / peers.length);
    while (performance.now() < until && !peer.closed) {
      const askedAt = performance.now();
      await answered(peer);
      times.push({ atMs: askedAt - begunAt, tookMs: performance.now() - askedAt });
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

// 50 hostile sockets, or HTTP connections, at full speed beside 100 calm sockets: how long the calm ones wait for their
// pongs. Three ways are compared in turn: no attack, an attack on a neighbour (another server on the machine, which is
// then as busy), and an attack on the measured server. Attackers take processor time from a server on a machine of two
// cores wherever they send, so the last two ways show the effect of the server's own fairness. The second in which the
// attackers connect is reported separately, because the fifty upgrades and more than a hundred MiB into the system's
// buffers are not typical of the rest of the attack.
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
/**
 * The time to connect and to fill the buffers between attackers and server. Reported separately from the attack itself.
 */
const arrivalMs = 1_000;
/** The interval between two pings of a calm socket. */
const pingEveryMs = 100;
/**
 * A server is at rest when, in `restMs`, it uses less than `restShare` of a core more than before the first attack. It
 * is measured at most `restRoundsMax` times.
 */
const restShare = 0.1;
const restMs = 500;
const restRoundsMax = 40;
const attackersMs = 60_000;

const ways = ["quiet", "neighbour", "attacked"] as const;

type Way = (typeof ways)[number];

interface Played {
  /** Ping round trips of the calm sockets, in ms. */
  p50: number;
  p99: number;
  /** p99 of the pings that were sent while the hostile sockets connected. */
  arrivalP99: number;
  /** p99 of the pings that were sent after that. */
  attackP99: number;
  /** Bytes that the server holds after a garbage collection, without its turn logs, which have a budget. */
  held: number;
  /** RSS of the process. A process gives little memory back, so this is about the most that it has used. */
  rss: number;
}

export const hostileSockets = (table: Table): Promise<void> => play(table, "ws");
export const hostileRequests = (table: Table): Promise<void> => play(table, "http");

async function play(table: Table, door: Door): Promise<void> {
  const rounds = Number(process.env["LOAD_PAIRS"] ?? 9);
  // The server stores all prompts. They belong on disk, so that they do not count as memory.
  const [dataDir, otherDir] = [temporaryDirectory(), temporaryDirectory()];
  const [server, neighbour] = [await ServerProcess.start(dataDir), await ServerProcess.start(otherDir)];
  const program = fileURLToPath(new URL("./hostile-peers.ts", import.meta.url));
  const attackers = new AskedProcess<Ask, Attack>([program], { deadlineMs: attackersMs });
  await attackers.report();
  const peers = await server.openWatchers(calm, conversationId);
  const message = JSON.stringify({ tokens: 1_000_000, delayMs: 20 });
  peers[0]?.send({ type: "chat.send", conversationId, message, model: "demo/script" });

  const usual = new Map<ServerProcess, number>();
  for (const one of [server, neighbour]) usual.set(one, await usedMs(one));
  const targets = { quiet: undefined, neighbour, attacked: server };
  const playRound = async (way: Way): Promise<Played> => {
    const target = targets[way];
    if (target)
      await attackers.ask({ ask: "attack", door, url: door === "ws" ? target.url : target.httpUrl, sockets: hostile });
    const times = await roundTrips(peers);
    if (target) await attackers.ask({ ask: "rest" });
    await server.settled(({ sockets }) => sockets === calm, "the hostile sockets to be gone");
    await neighbour.settled(({ sockets }) => sockets === 0, "the hostile sockets to be gone from the neighbour");
    for (const one of [server, neighbour]) await atRest(one, usual.get(one) ?? 0);
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
  // HTTP attackers keep the processor so busy, wherever they send, that only the neighbour shows the fairness.
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
  // The least of a round: at its most, the server still processes long messages of attackers that have disconnected.
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

/**
 * Waits until the server has processed everything that an attack has sent, so that no work is left for a quiet phase.
 */
async function atRest(server: ServerProcess, usualMs: number): Promise<void> {
  await server.settled(({ longMessages }) => longMessages === 0, "the long messages to be processed");
  for (let rounds = 0; rounds < restRoundsMax; rounds++)
    if ((await usedMs(server)) < usualMs + restShare * restMs) return;
}

/** CPU time that the server uses in `restMs`, in ms. */
async function usedMs(server: ServerProcess): Promise<number> {
  const { cpuMs } = await server.figures();
  await pause(restMs);
  return (await server.figures()).cpuMs - cpuMs;
}

/**
 * Lets each calm socket ping at times of its own. Resolves with when each ping was sent, and how long its answer took.
 */
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

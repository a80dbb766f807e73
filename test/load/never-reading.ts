// One socket that never reads beside 1,000 that do. Turns with and without it are compared in pairs, in alternating
// order.
import type { Peer } from "./peer.ts";
import { ServerProcess } from "./server-process.ts";
import { MiB, median, type Table } from "./table.ts";
import { playTurn } from "./turn.ts";

const conversationId = "pairs";
const tokens = 10_000;

interface Half {
  cpu: number;
  rss: number;
}

export async function neverReading(table: Table): Promise<void> {
  const pairs = Number(process.env["LOAD_PAIRS"] ?? 9);
  const server = await ServerProcess.start();
  const watchers = await server.openWatchers(1_000, conversationId);
  await playTurn(server, watchers, conversationId, tokens);
  const ratios: number[] = [];
  const growths: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const withFirst = pair % 2 === 0;
    const first = await half(server, watchers, withFirst);
    const second = await half(server, watchers, !withFirst);
    const [withIt, without] = withFirst ? [first, second] : [second, first];
    ratios.push(withIt.cpu / without.cpu);
    growths.push(withIt.rss - without.rss);
  }
  const { closedWith } = await server.figures();
  const ratio = median(ratios);
  const growth = median(growths) / MiB;
  const what = `a socket that never reads: CPU per delivery of the others, median of ${pairs} pairs`;
  table.row(what, `× ${ratio.toFixed(3)}`, "< 1.05", ratio < 1.05);
  table.row("… memory of the server", `${growth.toFixed(1)} MiB more`, "< 16 MiB", growth < 16);
  table.row("… closed with 4001", `${closedWith["4001"] ?? 0} of ${pairs}`, `${pairs}`, closedWith["4001"] === pairs);
  for (const peer of watchers) peer.cut();
  await server.stop();
}

/** Plays one turn, with or without a stalled socket. The server itself must close the stalled socket. */
async function half(server: ServerProcess, watchers: Peer[], stalled: boolean): Promise<Half> {
  const [peer] = stalled ? await server.openWatchers(1, conversationId) : [];
  peer?.stall();
  const { cpuPerDeliveryUs } = await playTurn(server, watchers, conversationId, tokens);
  const { rssBytes } = await server.ask({ ask: "collect" });
  if (peer) await server.settled(({ sockets }) => sockets === watchers.length, "the stalled socket's end");
  peer?.cut();
  return { cpu: cpuPerDeliveryUs, rss: rssBytes };
}

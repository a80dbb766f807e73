// 10,000 idle sockets: the memory of each, whether joining and leaving gets more expensive with their number, and
// whether 100 of them can crash without harm to the others.
import { type Peer, until } from "./peer.ts";
import { ServerProcess } from "./server-process.ts";
import { median, type Table } from "./table.ts";

const rounds = 7;
const passing = 500;
const crashing = 100;

export async function idle(table: Table): Promise<void> {
  const server = await ServerProcess.start();
  await warmUp(server);
  const empty = await server.ask({ ask: "collect" });
  const peers = await server.open(1_000);
  const atThousand = await comeAndGo(server);
  peers.push(...(await server.open(9_000)));
  await server.ask({ ask: "collect" });
  const full = await server.ask({ ask: "collect" });
  const atTenThousand = await comeAndGo(server);
  const each = (full.rssBytes - empty.rssBytes) / 10_000;
  const ratio = atTenThousand / atThousand;
  table.row(
    "10,000 idle sockets: RSS each, with its actor",
    `${(each / 1_000).toFixed(1)} kB`,
    "< 12 kB",
    each < 12_000,
  );
  table.note("… CPU to join, watch and leave beside 1,000", `${atThousand.toFixed(0)} µs`);
  table.row("… beside 10,000", `${atTenThousand.toFixed(0)} µs, × ${ratio.toFixed(2)}`, "× 1.5", ratio < 1.5);

  const { defects } = await server.ask({ ask: "crash", count: crashing });
  await until(() => peers.filter(({ closed }) => closed).length >= crashing, 30_000, "the crashed sockets' end");
  const closed = peers.filter(({ closeCode }) => closeCode === 1011).length;
  const well = closed === crashing && defects === crashing;
  table.row("100 of them crash: closed with 1011", `${closed}, ${defects} defects logged`, "100", well);
  const alive = peers.filter((peer) => !peer.closed);
  const answered = await pingAll(alive);
  table.row("… the others still answer", `${answered}`, "9900", answered === 10_000 - crashing);
  for (const peer of peers) peer.cut();
  await server.stop();
}

/** Warm-up: V8 compiles the code and the heap settles before anything is measured. */
async function warmUp(server: ServerProcess): Promise<void> {
  const peers = await server.openWatchers(1_000, "warm-up");
  for (const peer of peers) peer.cut();
  await server.settled(({ sockets }) => sockets === 0, "the warm-up's end");
  await server.ask({ ask: "collect" });
}

/** Median CPU of the server, in microseconds, for a socket that joins, watches and leaves. */
async function comeAndGo(server: ServerProcess): Promise<number> {
  const costs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = await server.figures();
    const peers = await server.openWatchers(passing, "passing");
    for (const peer of peers) peer.cut();
    const after = await server.settled(({ sockets }) => sockets === before.sockets, "the passing sockets' end");
    costs.push(((after.cpuMs - before.cpuMs) * 1_000) / passing);
  }
  return median(costs);
}

/** Returns how many of the peers answer an application-level ping. */
async function pingAll(peers: Peer[]): Promise<number> {
  let answered = 0;
  for (const peer of peers) {
    peer.onMessage = () => {
      answered++;
      peer.onMessage = undefined;
    };
    peer.send({ type: "ping" });
  }
  await until(() => answered === peers.length, 30_000, "every remaining socket's answer to a ping");
  return answered;
}

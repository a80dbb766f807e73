// 20,000 deltas to 1,000 sockets that watch one conversation. All must arrive, in order, and the server must need
// little memory.
import { ServerProcess } from "./server-process.ts";
import { MiB, type Table } from "./table.ts";
import { playTurn } from "./turn.ts";

export async function fanOut(table: Table): Promise<void> {
  const server = await ServerProcess.start();
  const watchers = await server.openWatchers(1_000, "fan-out");
  const turn = await playTurn(server, watchers, "fan-out", 20_000);
  table.row("20,000 deltas to 1,000 sockets: sockets that missed one", `${turn.cheated}`, "0", turn.cheated === 0);
  const peak = turn.rssPeakBytes / MiB;
  table.row("… peak RSS of the server", `${peak.toFixed(0)} MiB`, "< 400 MiB", peak < 400);
  table.note("… CPU per delivery", `${turn.cpuPerDeliveryUs.toFixed(2)} µs`);
  table.note("… deliveries a second", `${(turn.deliveriesPerSecond / 1e6).toFixed(2)} million`);
  for (const peer of watchers) peer.cut();
  await server.stop();
}

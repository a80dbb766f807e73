// The live visualizer beside 10,000 sockets. Compares the CPU of a delivery with and without a page that watches an
// actor and polls the overview. Turns with and without the page alternate in pairs.
import { ServerProcess } from "./server-process.ts";
import { median, type Table } from "./table.ts";
import { playTurn } from "./turn.ts";

const conversationId = "watched";
const tokens = 20_000;
const watchers = 1_000;
const idle = 9_000;
/** The page's own poll interval. */
const pollMs = 500;

export async function watched(table: Table): Promise<void> {
  const pairs = Number(process.env["LOAD_PAIRS"] ?? 9);
  const server = await ServerProcess.start();
  const others = await server.open(idle);
  const peers = await server.openWatchers(watchers, conversationId);
  await playTurn(server, peers, conversationId, tokens);
  const ratios: number[] = [];
  let lines = 0;
  let answers = 0;
  for (let pair = 0; pair < pairs; pair++) {
    const cost = { looking: 0, alone: 0 };
    for (const isLooking of pair % 2 === 0 ? [true, false] : [false, true]) {
      await server.ask({ ask: "collect" });
      const page = isLooking ? await look(server.httpUrl) : undefined;
      const { cpuPerDeliveryUs } = await playTurn(server, peers, conversationId, tokens);
      const seen = await page?.leave();
      lines += seen?.lines ?? 0;
      answers += seen?.answers ?? 0;
      cost[isLooking ? "looking" : "alone"] = cpuPerDeliveryUs;
    }
    ratios.push(cost.looking / cost.alone);
  }
  const ratio = median(ratios);
  const what = `an actor is watched beside ${watchers + idle} sockets: CPU per delivery, median of ${pairs} pairs`;
  table.row(what, `× ${ratio.toFixed(3)}`, "< 1.05", ratio < 1.05);
  // A turn moves the watched actor twice: when it begins, and when it is sealed.
  const sawAll = lines >= pairs * 2 && answers > 0;
  table.row("… what was told meanwhile", `${lines} moves, ${answers} overviews`, `${pairs * 2} moves`, sawAll);
  for (const peer of [...others, ...peers]) peer.cut();
  await server.stop();
}

/**
 * Does what the page does: streams the moves of one actor, and polls the overview, the list and the actor's details.
 */
async function look(httpUrl: string): Promise<{ leave(): Promise<{ lines: number; answers: number }> }> {
  const json = async (path: string): Promise<{ actors?: { id: string }[] }> => {
    const response = await fetch(`${httpUrl}/inspect/${path}`);
    if (!response.ok) throw new Error(`GET /inspect/${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as { actors?: { id: string }[] };
  };
  const id = (await json("actors?chart=watch&limit=1")).actors?.[0]?.id;
  const leaving = new AbortController();
  const stream = await fetch(`${httpUrl}/inspect/actors/${id}/stream`, { signal: leaving.signal });
  if (!stream.ok || !stream.body) throw new Error(`watching ${id}: ${stream.status}`);
  let lines = 0;
  const reading = (async (body) => {
    for await (const text of body.pipeThrough(new TextDecoderStream())) lines += text.split('"actor.moved"').length - 1;
  })(stream.body).catch(() => {});
  let answers = 0;
  let asking = Promise.resolve();
  const timer = setInterval(() => {
    asking = Promise.all([json("overview"), json("actors?limit=50"), json(`actors/${id}`)]).then(() => {
      answers++;
    });
  }, pollMs);
  return {
    async leave() {
      clearInterval(timer);
      await asking;
      leaving.abort();
      await reading;
      return { lines, answers };
    },
  };
}

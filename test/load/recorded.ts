// The flight recorder (--inspect=record) beside 10,000 sockets: what it costs a socket in memory, and an event in CPU.
// Rounds with and without it alternate in pairs, in one process: two processes differ by more than it costs.
import { type Peer, until } from "./peer.ts";
import { ServerProcess } from "./server-process.ts";
import { median, type Table } from "./table.ts";

const sockets = 10_000;
/** More than limits.recordedMovesMax. */
const pingsPerRound = 20;

export async function recorded(table: Table): Promise<void> {
  const pairs = Number(process.env["LOAD_PAIRS"] ?? 9);
  const server = await ServerProcess.start();
  const held = async (): Promise<number> => {
    await server.ask({ ask: "collect" });
    return (await server.ask({ ask: "collect" })).heldBytes;
  };
  /** What the recording holds for each socket, bytes; it ends with that. */
  const kept = async (): Promise<number> => {
    const recording = await held();
    await server.ask({ ask: "record", isOn: false });
    return (recording - (await held())) / sockets;
  };
  await server.ask({ ask: "record", isOn: true });
  const peers = await server.open(sockets);
  const idle = await kept();
  table.row("recording: memory of an idle socket more", `${Math.round(idle)} B`, "< 1000 B", idle < 1_000);
  await server.ask({ ask: "record", isOn: true });
  await pings(server, peers);
  const full = await kept();
  table.row("… of a socket with 16 moves", `${Math.round(full)} B`, "< 3000 B", full < 3_000);

  const events: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    let more = 0;
    for (const isOn of pair % 2 === 0 ? [true, false] : [false, true]) {
      await server.ask({ ask: "record", isOn });
      await server.ask({ ask: "collect" });
      more += (await pings(server, peers)) * (isOn ? 1 : -1);
    }
    events.push(more);
  }
  const event = median(events);
  table.row(`… CPU of an event more, median of ${pairs} pairs`, `${event.toFixed(1)} µs`, "< 15 µs", event < 15);
  for (const peer of peers) peer.cut();
  await server.stop();
}

/** A ping is one event of the socket's actor. Returns the server's CPU for each, in microseconds. */
async function pings(server: ServerProcess, peers: Peer[]): Promise<number> {
  const before = await server.figures();
  let answered = 0;
  for (const peer of peers) {
    let left = pingsPerRound;
    peer.onMessage = () => {
      answered++;
      if (--left === 0) peer.onMessage = undefined;
    };
    for (let count = 0; count < pingsPerRound; count++) peer.send({ type: "ping" });
  }
  await until(() => answered === peers.length * pingsPerRound, 60_000, "every socket's answers to its pings");
  const after = await server.figures();
  return ((after.cpuMs - before.cpuMs) * 1_000) / answered;
}

// Attackers against the real command, beside one well-behaved client that must not be affected. The server must not
// crash, must log no defect, and must keep nothing of clients that have disconnected.
import { rmSync } from "node:fs";
import { type Client, connect } from "../support/client.ts";
import { eventually } from "../support/deadline.ts";
import { Dice } from "../support/dice.ts";
import { ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { ask } from "../support/system-http.ts";
import { type Attacked, attack } from "./attacker.ts";

export interface FuzzOptions {
  seed: number;
  /** The run lasts for `forMs` at least, and until `framesLeast` frames have been sent. */
  forMs?: number;
  framesLeast?: number;
  attackers?: number;
  onLook?: (done: Attacked) => void;
}

export interface FuzzReport extends Attacked {
  pongs: number;
  slowestPongMs: number;
  /**
   * Growth of the server's memory from the maximum of the second quarter to the end, without the turn logs, which have
   * their own budget.
   */
  growthMiB: number;
  faults: string[];
}

const lookMs = 250;
const calm = "calm";
/** Allows for uncollected garbage and fragmentation. */
const growthMiBMax = 48;

export async function playFuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { seed, forMs = 0, framesLeast = 0, attackers = 8, onLook } = options;
  const dice = new Dice(seed);
  const dataDir = temporaryDirectory();
  const faults: string[] = [];
  const done: Attacked = { frames: 0, requests: 0, connections: 0, bytes: 0 };
  const report = { pongs: 0, slowestPongMs: 0, growthMiB: 0 };
  const server = await ServerProcess.start({ dataDir, flags: ["--inspect"] });
  try {
    const client = await connect(server.wsUrl, { protocols: ["turnwire.v1"] });
    const script = JSON.stringify({ tokens: 1_000_000, delayMs: 20 });
    client.send({ type: "chat.send", conversationId: calm, message: script, model: "demo/script" });
    await client.nextEvent(calm, "turn-start");
    const startedAt = performance.now();
    let isOver = false;
    const attacks = Array.from({ length: attackers }, (_, index) => {
      const kind = index % 4 === 3 ? ("requests" as const) : ("frames" as const);
      const url = kind === "requests" ? server.httpUrl : index % 2 === 0 ? server.wsUrl : server.httpUrl;
      return attack({ url, kind, dice: dice.fork(), isOver: () => isOver }, done);
    });
    let heldMost = 0;
    const part = (done: number, of: number): number => (of === 0 ? 1 : done / of);
    const partDone = (): number => Math.min(part(performance.now() - startedAt, forMs), part(done.frames, framesLeast));
    for (let at = 0; at < 1 && faults.length === 0; at = partDone()) {
      await new Promise((resolve) => setTimeout(resolve, lookMs));
      await lookAt(client, server, report, faults);
      if (at > 0.25 && (at < 0.5 || heldMost === 0)) heldMost = Math.max(heldMost, await held(server));
      onLook?.(done);
    }
    isOver = true;
    await Promise.all(attacks);
    if (faults.length === 0) {
      await everybodyGone(server, faults);
      report.growthMiB = ((await held(server)) - heldMost) / 2 ** 20;
      if (report.growthMiB > growthMiBMax) faults.push(`the server's memory has grown by ${report.growthMiB} MiB`);
    }
    for (const line of server.log) if (line.level >= 50) faults.push(JSON.stringify(line).slice(0, 600));
    client.kill();
    if (!server.hasExited) await server.stop();
  } finally {
    if (!server.hasExited) await server.kill();
    rmSync(dataDir, { recursive: true, force: true });
  }
  return { ...done, ...report, faults: faults.map((fault) => `SEED=${seed}: ${fault}`) };
}

/** Checks that the well-behaved client gets its answers, and every event in order. */
async function lookAt(
  client: Client,
  server: ServerProcess,
  report: { pongs: number; slowestPongMs: number },
  faults: string[],
): Promise<void> {
  const askedAt = performance.now();
  try {
    if (server.hasExited) throw new Error(`the server has died\n${server.stderr.slice(-2_000)}`);
    await client.barrier();
    // Throws if an event is missing or repeated.
    const { text } = client.transcript(calm);
    if (text === "") throw new Error("the turn has no text");
  } catch (error) {
    faults.push(`the well-behaved client was affected: ${error instanceof Error ? error.message : error}`);
    return;
  }
  report.pongs++;
  report.slowestPongMs = Math.max(report.slowestPongMs, performance.now() - askedAt);
}

async function figure(server: ServerProcess, name: string): Promise<number> {
  const { text } = await ask(server, "/metrics");
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

/** Resident memory in bytes, without the turn logs. */
const held = async (server: ServerProcess): Promise<number> =>
  (await figure(server, "process_resident_memory_bytes")) - (await figure(server, "turnwire_turn_log_bytes"));

async function everybodyGone(server: ServerProcess, faults: string[]): Promise<void> {
  for (const [name, left] of [
    ["turnwire_sockets", 1],
    ["turnwire_watches", 1],
    ["turnwire_surfaces", 0],
  ] as const) {
    try {
      await eventually(async () => (await figure(server, name)) === left, `${name} to be ${left}`);
    } catch {
      faults.push(`${name} is ${await figure(server, name)} after the attack, and should be ${left}`);
    }
  }
}

// Runs the soak: the real command, its visitors, and a sample every few seconds.
import { rmSync } from "node:fs";
import { Dice } from "../support/dice.ts";
import { ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { ask } from "../support/system-http.ts";
import { type SoakTally, visitAgainAndAgain } from "./visitor.ts";

export interface SoakSample {
  /** Since the start. */
  seconds: number;
  rssMiB: number;
  heapMiB: number;
  logMiB: number;
  sockets: number;
  /** Open files of the server. */
  handles: number;
  fileMiB: number;
  /** p99 of the pings answered since the last sample. */
  pingP99Ms: number;
  turns: number;
}

export interface SoakReport extends Omit<SoakTally, "pings"> {
  seed: number;
  samples: SoakSample[];
  /** The median of the last quarter divided by that of the second quarter. A flat figure is near 1. */
  growth: { rss: number; heap: number; handles: number; pingP99: number; fileMiBPerThousandTurns: number };
  faults: string[];
}

export interface SoakOptions {
  seed: number;
  forMs: number;
  /** It goes on until there were that many visits and resumes, which takes longer on a busy machine. */
  least?: { visits: number; resumed: number };
  visitors: number;
  look: { files(directory: string): number; handles(pid: number): number };
}

const lookEveryMs = 5_000;
const conversationsAtOnce = 40;
/** A conversation is in use for this time, then another one takes its place. */
const conversationMs = 60_000;
const growthMax = { rss: 1.25, heap: 1.35, handles: 1.3 };

export async function playSoak({ seed, forMs, least, visitors, look }: SoakOptions): Promise<SoakReport> {
  const dataDir = temporaryDirectory();
  const dice = new Dice(seed);
  const server = await ServerProcess.start({ dataDir });
  const tally: SoakTally = { visits: 0, resumed: 0, anew: 0, turns: 0, events: 0, refused: 0, holes: [], pings: [] };
  const samples: SoakSample[] = [];
  const startedAt = performance.now();
  const isEnough = (): boolean => tally.visits >= (least?.visits ?? 0) && tally.resumed >= (least?.resumed ?? 0);
  const isOver = (): boolean => (performance.now() - startedAt > forMs && isEnough()) || server.hasExited;
  const conversations = (): string[] => {
    const age = (performance.now() - startedAt) / conversationMs;
    return Array.from({ length: conversationsAtOnce }, (_, slot) => {
      return `soak-${slot}-${Math.floor(age + slot / conversationsAtOnce)}`;
    });
  };
  try {
    const visits = Array.from({ length: visitors }, () =>
      visitAgainAndAgain({ url: server.wsUrl, dice: dice.fork(), tally, conversations, isOver }),
    );
    while (!isOver()) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(lookEveryMs, forMs / 20)));
      if (!isOver()) samples.push(await sample(server, dataDir, tally, startedAt, look));
    }
    await Promise.all(visits);
    const { pings: _, ...totals } = tally;
    const growth = growthOf(samples);
    const faults = faultsOf(server, totals.holes, growth);
    if (!server.hasExited) await server.stop();
    return { seed, ...totals, samples, growth, faults };
  } finally {
    if (!server.hasExited) await server.kill();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function sample(
  server: ServerProcess,
  dataDir: string,
  tally: SoakTally,
  startedAt: number,
  look: SoakOptions["look"],
): Promise<SoakSample> {
  const { text } = await ask(server, "/metrics");
  const figure = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
  const pings = tally.pings.splice(0).sort((a, b) => a - b);
  return {
    seconds: (performance.now() - startedAt) / 1_000,
    rssMiB: figure("process_resident_memory_bytes") / 2 ** 20,
    heapMiB: figure("nodejs_heap_size_used_bytes") / 2 ** 20,
    logMiB: figure("turnwire_turn_log_bytes") / 2 ** 20,
    sockets: figure("turnwire_sockets"),
    handles: look.handles(server.pid),
    fileMiB: look.files(dataDir) / 2 ** 20,
    pingP99Ms: pings[Math.floor(pings.length * 0.99)] ?? Number.NaN,
    turns: tally.turns,
  };
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function growthOf(samples: SoakSample[]): SoakReport["growth"] {
  const quarter = (at: number): SoakSample[] =>
    samples.slice(Math.floor((samples.length * at) / 4), Math.floor((samples.length * (at + 1)) / 4));
  const ratio = (read: (one: SoakSample) => number): number =>
    median(quarter(3).map(read)) / median(quarter(1).map(read));
  const [first, last] = [samples[0], samples.at(-1)];
  const turns = (last?.turns ?? 0) - (first?.turns ?? 0);
  return {
    rss: ratio(({ rssMiB, logMiB }) => rssMiB - logMiB),
    heap: ratio(({ heapMiB }) => heapMiB),
    handles: ratio(({ handles }) => handles),
    pingP99: ratio(({ pingP99Ms }) => pingP99Ms),
    fileMiBPerThousandTurns: (((last?.fileMiB ?? 0) - (first?.fileMiB ?? 0)) / Math.max(1, turns)) * 1_000,
  };
}

function faultsOf(server: ServerProcess, holes: string[], growth: SoakReport["growth"]): string[] {
  const faults: string[] = [];
  if (server.hasExited) faults.push(`the server has died: ${server.stderr.slice(-1_000)}`);
  if (holes.length > 0) faults.push(`${holes.length} times an event was missing or came twice: ${holes.slice(0, 5)}`);
  for (const [name, most] of Object.entries(growthMax)) {
    const grown = growth[name as keyof typeof growthMax];
    if (grown > most) faults.push(`${name} has grown to × ${grown.toFixed(2)} from the second quarter to the last`);
  }
  for (const line of server.log) if (line.level >= 50) faults.push(`logged: ${JSON.stringify(line).slice(0, 400)}`);
  return faults;
}

// A measured server's end of the channel to its load generator: answers with its own figures, and lets itself be told
// what to play. The same for all servers, so that it costs all of them the same.
import { pieces, type Rhythm, type Stage } from "./stage.ts";

export type Ask =
  | { ask: "figures" }
  | { ask: "collect" }
  | { ask: "play"; stages: string[]; rhythm: Rhythm; spreadMs: number }
  | { ask: "broadcast" | "change"; rhythm: Rhythm }
  | { ask: "stop" };

export interface Figures {
  url: string;
  /** Milliseconds of CPU since the start, user and system. */
  cpuMs: number;
  rssBytes: number;
  sockets: number;
  watches: number;
  /** What is not as it would be in use, each as a sentence. */
  raised: string[];
}

export interface MeasuredServer {
  url: string;
  stage: Stage;
  raised?: string[];
  counts(): { sockets: number; watches: number };
  /** A broadcast to every socket; the payload is in it. */
  broadcast(piece: string): void;
  /** The surface `bench` changes; the piece is in it. */
  change(piece: string): void;
  collect(): void;
}

export function answerParent(server: MeasuredServer): void {
  const report = (): void => {
    const { user, system } = process.cpuUsage();
    const { url, raised = [] } = server;
    const figures = { url, raised, cpuMs: (user + system) / 1_000, rssBytes: process.memoryUsage.rss() };
    process.send?.({ ...figures, ...server.counts() } satisfies Figures);
  };
  const numbers = { broadcast: 0, change: 0 };
  const tell = async (kind: "broadcast" | "change", rhythm: Rhythm): Promise<void> => {
    const from = numbers[kind];
    numbers[kind] += rhythm.bursts * rhythm.burst;
    for await (const piece of pieces(rhythm, from)) server[kind](piece);
  };
  process.on("message", (message: Ask) => {
    if (message.ask === "collect") server.collect();
    if (message.ask === "play") {
      const { stages, rhythm, spreadMs } = message;
      stages.forEach((stage, index) => {
        server.stage.play(stage, { ...rhythm, firstMs: (index * spreadMs) / stages.length });
      });
    }
    if (message.ask === "broadcast" || message.ask === "change") void tell(message.ask, message.rhythm);
    // Nothing is measured any more: ending in order would only take time.
    if (message.ask === "stop") process.exit(0);
    report();
  });
  // A parent that has gone cannot end it any more.
  process.on("disconnect", () => process.exit(1));
  report();
}

/** All garbage, also what only the first collection sets free. */
export function collectGarbage(): void {
  globalThis.gc?.();
  globalThis.gc?.();
}

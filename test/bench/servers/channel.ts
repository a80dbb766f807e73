// The measured server's end of the channel to its load generator. It plays what the generator asks for and answers with
// the server's figures. All servers share this code, so that it costs all of them the same.
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
  /** Settings that differ from normal use, one sentence each. */
  raised: string[];
}

export interface MeasuredServer {
  url: string;
  stage: Stage;
  raised?: string[];
  counts(): { sockets: number; watches: number };
  /** Broadcasts the piece to every socket. */
  broadcast(piece: string): void;
  /** Changes the surface `bench`, which then contains the piece. */
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
    // No measurement follows, so a graceful shutdown would only take time.
    if (message.ask === "stop") process.exit(0);
    report();
  });
  // Without its parent, nothing else would end this process.
  process.on("disconnect", () => process.exit(1));
  report();
}

/** Collects all garbage. The second call collects what the first one released. */
export function collectGarbage(): void {
  globalThis.gc?.();
  globalThis.gc?.();
}

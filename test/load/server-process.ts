// The parent's handle on the server under load: starts it, asks for its figures, waits until it has settled, stops it.
import { fileURLToPath } from "node:url";
import { AskedProcess } from "./asked-process.ts";
import { Peer } from "./peer.ts";
import type { Ask, Figures } from "./server.ts";

const settleMs = 60_000;
const lookAgainMs = 20;
const openAtOnce = 64;

export type Report = Figures & { wsUrl: string; httpUrl: string };

export class ServerProcess {
  readonly #process: AskedProcess<Ask, Report>;
  url = "";
  httpUrl = "";

  private constructor(dataDir: string) {
    const program = fileURLToPath(new URL("./server.ts", import.meta.url));
    // The flags of `npm start`, and `--expose-gc` so that garbage can be collected before memory is measured.
    const args = ["--expose-gc", "--max-semi-space-size=8", "--v8-pool-size=1", program, dataDir];
    this.#process = new AskedProcess<Ask, Report>(args, { deadlineMs: settleMs });
  }

  /** @param dataDir where conversations are stored. By default they are kept in memory only. */
  static async start(dataDir = ":memory:"): Promise<ServerProcess> {
    const server = new ServerProcess(dataDir);
    const { wsUrl, httpUrl } = await server.#process.report();
    server.url = wsUrl;
    server.httpUrl = httpUrl;
    return server;
  }

  ask(ask: Ask): Promise<Report> {
    return this.#process.ask(ask);
  }

  figures(): Promise<Report> {
    return this.ask({ ask: "figures" });
  }

  /** Polls the server's figures until `holds` is true. */
  async settled(holds: (figures: Report) => boolean, what: string): Promise<Report> {
    const end = performance.now() + settleMs;
    for (;;) {
      const figures = await this.figures();
      if (holds(figures)) return figures;
      if (performance.now() > end)
        throw new Error(`${what}: timed out after ${settleMs} ms with ${JSON.stringify(figures)}`);
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  }

  /** Opens `count` sockets, a few at a time. */
  async open(count: number, each?: (peer: Peer) => void): Promise<Peer[]> {
    const peers: Peer[] = [];
    while (peers.length < count) {
      const atOnce = Math.min(openAtOnce, count - peers.length);
      const batch = await Promise.all(Array.from({ length: atOnce }, () => Peer.open(this.url)));
      if (each) batch.forEach(each);
      peers.push(...batch);
    }
    return peers;
  }

  /** Opens sockets that watch a conversation. Resolves when the server counts all of them as watchers. */
  async openWatchers(count: number, conversationId: string): Promise<Peer[]> {
    const { watches } = await this.figures();
    const peers = await this.open(count, (peer) => peer.send({ type: "chat.subscribe", conversationId }));
    await this.settled((figures) => figures.watches === watches + count, `${count} watchers`);
    return peers;
  }

  stop(): Promise<void> {
    return this.#process.end({ ask: "stop" });
  }
}

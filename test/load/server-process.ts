// The server under load as its parent sees it: starts it, asks for its figures, waits until it has settled, ends it.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Peer } from "./peer.ts";
import type { Ask, Figures } from "./server.ts";

const settleMs = 60_000;
const lookAgainMs = 20;
const openAtOnce = 64;

export type Report = Figures & { wsUrl: string; httpUrl: string };

export class ServerProcess {
  // The same flag as in `npm start`; gc, so that memory is measured and not garbage.
  readonly #child = fork(fileURLToPath(new URL("./server.ts", import.meta.url)), {
    execArgv: ["--expose-gc", "--max-semi-space-size=8"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  url = "";
  httpUrl = "";

  static async start(): Promise<ServerProcess> {
    const server = new ServerProcess();
    const { wsUrl, httpUrl } = await server.#report();
    server.url = wsUrl;
    server.httpUrl = httpUrl;
    return server;
  }

  ask(ask: Ask): Promise<Report> {
    const report = this.#report();
    this.#child.send(ask);
    return report;
  }

  figures(): Promise<Report> {
    return this.ask({ ask: "figures" });
  }

  /** Waits until the server's own figures are as they should be. */
  async settled(holds: (figures: Report) => boolean, what: string): Promise<Report> {
    const end = performance.now() + settleMs;
    for (;;) {
      const figures = await this.figures();
      if (holds(figures)) return figures;
      if (performance.now() > end)
        throw new Error(`${what}: not within ${settleMs} ms, but ${JSON.stringify(figures)}`);
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  }

  /** Opens so many sockets, a few at a time. */
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

  /** Opens sockets that watch a conversation; resolves when the server has let them all in. */
  async openWatchers(count: number, conversationId: string): Promise<Peer[]> {
    const { watches } = await this.figures();
    const peers = await this.open(count, (peer) => peer.send({ type: "chat.subscribe", conversationId }));
    await this.settled((figures) => figures.watches === watches + count, `${count} watchers`);
    return peers;
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    const kill = setTimeout(() => this.#child.kill("SIGKILL"), settleMs);
    await this.ask({ ask: "stop" });
    await gone;
    clearTimeout(kill);
  }

  #report(): Promise<Report> {
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error("the server ended"));
      this.#child.once("exit", ended);
      this.#child.once("message", (report: Report) => {
        this.#child.off("exit", ended);
        resolve(report);
      });
    });
  }
}

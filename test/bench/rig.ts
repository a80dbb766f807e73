// What a workload runs on: one measured server as a process of its own, and the peers in this process. Every wait must
// have a deadline.
import { AskedProcess } from "../load/asked-process.ts";
import { until } from "../load/peer.ts";
import { BenchPeer, Meter } from "./bench-peer.ts";
import type { Sample } from "./sample.ts";
import type { Ask, Figures } from "./servers/channel.ts";
import type { Rhythm, Script } from "./servers/stage.ts";
import { type ServerName, servers } from "./servers.ts";

const answerMs = 60_000;
const openAtOnce = 64;
/** One source address has 28,000 ports, and a closed port cannot be used again for a minute. */
const addresses = Array.from({ length: 32 }, (_, index) => `127.0.0.${index + 1}`);

interface Opening {
  atOnce?: number;
  /** `begun` is called for each peer before the server knows of it, `opened` when the server has accepted it. */
  begun?(peer: BenchPeer, index: number): void;
  opened?(peer: BenchPeer, index: number): void;
}

export class Rig {
  readonly name: ServerName;
  readonly meter = new Meter();
  readonly #subprotocol: string | undefined;
  #process: AskedProcess<Ask, Figures>;
  #url = "";
  #opened = 0;
  raised: string[] = [];

  private constructor(name: ServerName, subprotocol: string | undefined) {
    this.name = name;
    this.#subprotocol = name === "turnwire" ? subprotocol : undefined;
    this.#process = this.#spawn();
  }

  static async start(name: ServerName, subprotocol?: string): Promise<Rig> {
    const rig = new Rig(name, subprotocol);
    await rig.#ready();
    return rig;
  }

  #spawn(): AskedProcess<Ask, Figures> {
    const { args, command } = servers[this.name];
    return new AskedProcess(args, { deadlineMs: answerMs, ...(command !== undefined && { command }) });
  }

  async #ready(): Promise<void> {
    const { url, raised } = await this.#process.report();
    this.#url = url;
    this.raised = raised;
  }

  /** Replaces the server by a new process of the same program. */
  async restart(): Promise<void> {
    await this.#process.end({ ask: "stop" });
    this.#process = this.#spawn();
    await this.#ready();
  }

  end(): Promise<void> {
    return this.#process.end({ ask: "stop" });
  }

  tell(ask: Ask): Promise<Figures> {
    return this.#process.ask(ask);
  }

  figures(): Promise<Figures> {
    return this.tell({ ask: "figures" });
  }

  /** Opens `count` sockets, at most `atOnce` at the same time. */
  async open(count: number, { atOnce = openAtOnce, begun, opened }: Opening = {}): Promise<BenchPeer[]> {
    const peers: BenchPeer[] = [];
    const { dialect } = servers[this.name];
    const subprotocol = this.#subprotocol;
    const next = async (): Promise<void> => {
      while (peers.length < count) {
        const localAddress = addresses[this.#opened++ % addresses.length] ?? "127.0.0.1";
        const options = { localAddress, ...(subprotocol !== undefined && { subprotocol }) };
        const peer = new BenchPeer(this.#url, this.meter, dialect, options);
        const index = peers.push(peer) - 1;
        begun?.(peer, index);
        await peer.opened();
        opened?.(peer, index);
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, count) }, next));
    return peers;
  }

  /** Opens sockets that watch one conversation each. Resolves when the server counts all of them as watchers. */
  async openWatchers(count: number, conversationOf: (index: number) => string): Promise<BenchPeer[]> {
    const { watches } = await this.figures();
    const peers = await this.open(count);
    peers.forEach((peer, index) => {
      peer.send({ type: "chat.subscribe", conversationId: conversationOf(index) });
    });
    await this.settled((figures) => figures.watches === watches + count, `${count} watchers`);
    return peers;
  }

  /** Begins one turn per conversation. After its script `already`, each turn waits for play(). Adds no watcher. */
  async beginTurns(conversationIds: string[], already: Omit<Rhythm, "firstMs">): Promise<void> {
    const { sockets } = await this.figures();
    const [asker] = await this.open(1);
    if (!asker) throw new Error("no socket");
    asker.isMeasured = false;
    for (const conversationId of conversationIds) {
      const script: Script = { ...already, stage: conversationId };
      asker.number = 0;
      asker.send({ type: "chat.send", conversationId, message: JSON.stringify(script) });
      const last = already.bursts * already.burst;
      if (last > 0) await until(() => asker.number === last, answerMs, `the turn of ${conversationId}`);
      asker.send({ type: "chat.unsubscribe", conversationId });
    }
    await this.barrier(asker);
    asker.cut();
    await this.settled((figures) => figures.sockets === sockets, "the asker's end");
  }

  /** Resolves when the server has processed everything that this peer has sent. */
  async barrier(peer: BenchPeer): Promise<void> {
    let answered = false;
    peer.listener = (bytes, start, end) => {
      if (bytes.subarray(start, end).includes('"pong"')) answered = true;
    };
    peer.send({ type: "ping" });
    await until(() => answered, answerMs, "a pong");
    peer.listener = undefined;
  }

  async play(stages: string[], rhythm: Rhythm, spreadMs = 0): Promise<void> {
    await this.tell({ ask: "play", stages, rhythm, spreadMs });
  }

  /** Polls the server's figures until `holds` is true. */
  async settled(holds: (figures: Figures) => boolean, what: string): Promise<Figures> {
    const end = performance.now() + answerMs;
    for (;;) {
      const figures = await this.figures();
      if (holds(figures)) return figures;
      if (performance.now() > end) throw new Error(`${this.name}: ${what}: timed out after ${answerMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Measures the CPU of the server and of this process during the work, and the latencies of the pieces received. */
  async measure(work: () => Promise<void>, unitsOf?: () => number): Promise<Sample> {
    const before = await this.figures();
    const own = process.cpuUsage();
    this.meter.clear();
    const startedAt = performance.now();
    await work();
    const seconds = (performance.now() - startedAt) / 1_000;
    const { user, system } = process.cpuUsage(own);
    const after = await this.figures();
    const { latencies, deliveries, reads } = this.meter;
    const units = unitsOf?.() ?? deliveries;
    const cpuUs = (after.cpuMs - before.cpuMs) * 1_000;
    return {
      units,
      seconds,
      ratePerSecond: units / seconds,
      cpuUs: cpuUs / units,
      rssMiB: after.rssBytes / 2 ** 20,
      generatorShare: (user + system) / 1e6 / seconds,
      serverShare: cpuUs / 1e6 / seconds,
      ...(latencies.count > 0 && {
        p50Ms: latencies.percentileUs(0.5) / 1_000,
        p99Ms: latencies.percentileUs(0.99) / 1_000,
        p999Ms: latencies.percentileUs(0.999) / 1_000,
      }),
      ...(deliveries > 0 && { readsPerUnit: reads / deliveries }),
    };
  }

  /** Waits until each peer has received the piece with this number. */
  async reached(peers: BenchPeer[], number: number, deadlineMs = answerMs): Promise<void> {
    const what = `${this.name}: piece ${number} at ${peers.length} sockets`;
    await until(() => peers.every((peer) => peer.number >= number), deadlineMs, what);
  }
}

// The whole gateway with the embedded orchestrator in one process, on a simulated clock. The scheduler moves the links
// of the clients, agents misbehave, and the disk fails. One sequence of numbers decides everything that happens.
import { createEmbeddedOrchestrator, type EmbeddedOrchestrator } from "../../src/embedded/orchestrator.ts";
import { createConversationSurface } from "../../src/embedded/surfaces/conversation.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import { type Store, StoreError } from "../../src/ports/store.ts";
import { createSurfaceRegistry } from "../../src/surfaces/surface-registry.ts";
import { smallLimits } from "../model/random/server.ts";
import { noLargerThan } from "../support/bounds.ts";
import { SimulatedClock } from "../support/clock.ts";
import { agentOf, failingStore, memoryStore, Puppet } from "../support/orchestrator-fixture.ts";
import { rememberingLogger } from "../support/store-rows.ts";
import { Broken, SimulatedClient } from "./client.ts";

export const limits = {
  ...smallLimits,
  ...noLargerThan({
    turnLogBytesMax: 16 * 1_024,
    conversationLogBytesMax: 24 * 1_024,
    allLogsBytesMax: 40 * 1_024,
    runningLogsBytesMax: 64 * 1_024,
    unsentBytesMax: 64 * 1_024,
    allUnsentBytesMax: 96 * 1_024,
    agentSilentMs: 60_000,
    deltaCharactersMax: 64 * 1_024,
    commandsBurst: 1_000_000,
    readsBurst: 1_000_000,
  }),
};

const conversations = ["a", "b", "c"];

interface Run {
  conversationId: string | undefined;
  puppet: Puppet;
  heedsAbort: boolean;
  isOver: boolean;
}

export class World {
  readonly clock = new SimulatedClock();
  readonly gateway: Gateway;
  readonly embedded: EmbeddedOrchestrator;
  readonly store: Store & { fails: Error | undefined };
  readonly clients = ["Ann", "Bob", "Cid"].map((name) => new SimulatedClient(name));
  readonly #lines: { level: string; message: string }[];
  readonly runs: Run[] = [];
  #words = 0;

  constructor() {
    const { logger, lines } = rememberingLogger();
    this.#lines = lines;
    this.store = failingStore(memoryStore(this.clock));
    const agent = agentOf((run) => {
      // Every third agent run ignores its abort signal.
      const heedsAbort = this.runs.length % 3 !== 2;
      const puppet = new Puppet({ heedsAbort });
      this.runs.push({ conversationId: undefined, puppet, heedsAbort, isOver: false });
      return puppet.agent.run(run);
    });
    const surfaces = createSurfaceRegistry();
    const made: { embedded?: EmbeddedOrchestrator } = {};
    this.gateway = new Gateway({
      ...{ clock: this.clock, logger, limits, surfaces, eventProfile: "full" },
      ports: (host) => {
        const behind = { host, store: this.store, agents: [agent], tools: [], defaultModel: "test/m" };
        made.embedded = createEmbeddedOrchestrator({ ...behind, clock: this.clock, logger, limits });
        return made.embedded;
      },
    });
    if (!made.embedded) throw new Error("the gateway did not ask for its ports");
    this.embedded = made.embedded;
    const { orchestrator, conversations: port, activity, subscribe: changes } = this.embedded;
    surfaces.register(createConversationSurface({ orchestrator, conversations: port, activity, changes }));
    this.gateway.listening();
  }

  /** Takes one step, chosen by numbers from next(). Returns the step in words. */
  step(next: (below: number) => number): string {
    const kinds: [weight: number, take: () => string][] = [
      [22, () => this.#turn(next)],
      [12, () => this.#time(next)],
      [30, () => this.#client(next)],
      [20, () => this.#agent(next)],
      [2, () => this.#disk()],
      [1, () => this.#refuse()],
      [1, () => this.#wallClock(next)],
    ];
    let at = next(kinds.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, take] of kinds) {
      if (at < weight) return take();
      at -= weight;
    }
    return "nothing";
  }

  /** What must be true after every step. */
  check(): void {
    for (const { level, message } of this.#lines)
      if (level === "error") throw new Broken(`a defect was logged: ${message}`);
    const { logBytes, largestLogBytes, unsentBytes } = this.gateway.counts();
    const one = limits.deltaCharactersMax + limits.flushBytesMax;
    if (largestLogBytes > limits.conversationLogBytesMax + limits.turnLogBytesMax + one)
      throw new Broken(`a log has ${largestLogBytes} bytes`);
    if (logBytes > limits.runningLogsBytesMax + limits.allLogsBytesMax + one)
      throw new Broken(`logs have ${logBytes} bytes`);
    if (unsentBytes > this.clients.length * (limits.unsentBytesMax + one))
      throw new Broken(`${unsentBytes} bytes unsent`);
    if (this.embedded.runningTurns() > conversations.length) throw new Broken("two turns run in one conversation");
  }

  #turn(next: (below: number) => number): string {
    const turns = 1 + next(4);
    for (let count = 0; count < turns; count++) this.clock.turn();
    return `${turns} turns of the loop`;
  }

  #time(next: (below: number) => number): string {
    const ms = [1, 3, 10, 30, 260, 1_000, 5_000, 12_000, 61_000][next(9)] ?? 1;
    this.clock.advance(ms);
    return `${ms} ms pass`;
  }

  #client(next: (below: number) => number): string {
    const client = this.clients[next(this.clients.length)];
    if (!client) return "nobody";
    const { link, name } = client;
    if (!link) {
      client.connect(this.gateway);
      return `${name} connects`;
    }
    const conversationId = conversations[next(conversations.length)] ?? "a";
    switch (next(16)) {
      case 0:
        link.vanish();
        return `${name}'s connection is cut`;
      case 1:
        client.isStalled = !client.isStalled;
        return `${name} ${client.isStalled ? "stops reading" : "reads again"}`;
      case 2:
        client.subscribe(conversationId);
        return `${name} subscribes to ${conversationId}`;
      case 3:
        client.unsubscribe(conversationId);
        return `${name} unsubscribes from ${conversationId}`;
      case 4:
      case 5:
        client.request({ type: "chat.send", conversationId, message: `word ${++this.#words}` });
        return `${name} sends to ${conversationId}`;
      case 6:
        client.request({ type: "chat.queue", conversationId, text: `word ${++this.#words}` });
        return `${name} queues for ${conversationId}`;
      case 7:
        client.request({ type: "chat.cancel", conversationId });
        return `${name} cancels ${conversationId}`;
      case 8:
        client.request({ type: "subscribe", surfaceId: "conversation", conversationId });
        return `${name} looks at the surface of ${conversationId}`;
      case 9:
        client.request({ type: "ping" });
        return `${name} pings`;
      case 10:
      case 11:
      case 12: {
        const count = 1 + next(4);
        link.carryUp(count);
        return `${count} messages of ${name} arrive`;
      }
      default: {
        if (client.isStalled) return `${name} does not read`;
        const bytes = [50, 300, 2_000, 20_000][next(4)] ?? 300;
        link.carryDown(bytes);
        return `${name} reads ${bytes} bytes`;
      }
    }
  }

  #agent(next: (below: number) => number): string {
    const at = this.runs.filter(({ isOver }) => !isOver);
    const run = at[next(Math.max(1, at.length))];
    if (!run) return "no agent is at work";
    const { puppet } = run;
    const index = this.runs.indexOf(run);
    switch (next(12)) {
      case 0:
        run.isOver = true;
        puppet.finish();
        return `agent ${index} finishes`;
      case 1:
        if (next(3) > 0) return "nothing";
        run.isOver = true;
        puppet.fail(new Error("it broke"));
        return `agent ${index} fails`;
      case 2:
        puppet.say({ type: "nonsense" }, 7, null);
        return `agent ${index} says nonsense`;
      case 3:
        puppet.say({ type: "tool-call", stepId: "s", toolCallId: `t${++this.#words}`, toolName: "look", input: {} });
        return `agent ${index} calls a tool`;
      case 4:
        puppet.say({ type: "reasoning-delta", delta: `r${++this.#words} ` });
        return `agent ${index} thinks`;
      case 5:
        puppet.say({ type: "step-complete", stepId: `s${this.#words}` });
        return `agent ${index} completes a step`;
      case 6: {
        const delta = "x".repeat([500, 3_000, 9_000][next(3)] ?? 500);
        puppet.say({ type: "text-delta", delta });
        return `agent ${index} says ${delta.length} characters`;
      }
      default: {
        const count = 1 + next(8);
        for (let word = 0; word < count; word++) puppet.say({ type: "text-delta", delta: `w${++this.#words} ` });
        return `agent ${index} says ${count} words`;
      }
    }
  }

  #disk(): string {
    this.store.fails = this.store.fails ? undefined : new StoreError("the disk is full");
    return this.store.fails ? "the disk is full" : "the disk has room again";
  }

  #wallClock(next: (below: number) => number): string {
    const hours = [-720, -25, -1, 1, 25, 720][next(6)] ?? 1;
    this.clock.set(this.clock.wall() + hours * 3_600_000);
    return `the wall clock jumps by ${hours} hours`;
  }

  #refuse(): string {
    const isRefusing = this.embedded.refusing !== undefined;
    this.embedded.setRefusing(isRefusing ? undefined : "not now");
    return isRefusing ? "turns are taken again" : "turns are refused";
  }

  // ── the end ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Ends all disturbances: every client reads, agents end, the disk has room. tick lets promises settle. */
  async end(tick: () => Promise<void>): Promise<void> {
    this.store.fails = undefined;
    this.embedded.setRefusing(undefined);
    for (const client of this.clients) {
      client.isStalled = false;
      if (!client.isConnected) client.connect(this.gateway);
    }
    for (let round = 0; round < 60 && !(this.#isQuiet() && round > 12); round++) {
      for (const run of this.runs) {
        if (!run.isOver) run.puppet.finish();
        run.isOver = true;
      }
      for (const client of this.clients) {
        if (!client.isConnected) client.connect(this.gateway);
        client.link?.carryUp(1_000);
        client.link?.carryDown(1_000_000);
      }
      await tick();
      this.clock.advance(300);
      await tick();
      this.check();
    }
    if (!this.#isQuiet()) throw new Broken("the server does not come to rest");
    for (const client of this.clients) this.#hasAll(client);
  }

  #isQuiet(): boolean {
    const hasNothing = ({ link }: SimulatedClient): boolean => link !== undefined && !link.hasDown && !link.hasUp;
    return this.embedded.runningTurns() === 0 && this.clients.every(hasNothing);
  }

  #hasAll(client: SimulatedClient): void {
    for (const id of conversations) {
      const view = client.views.get(id);
      const feed = this.gateway.feeds.get(id);
      if (view?.isWatching && feed && view.cursor?.epoch === feed.log.epoch && view.cursor.seq !== feed.log.seq)
        throw new Broken(`${client.name}: has ${id} up to ${view.cursor.seq} of ${feed.log.seq}`);
      client.agreesWith(id, this.store.chunks(id));
    }
  }

  /** Cuts every connection and stops the server. No actor and no timer may be left. */
  async stop(tick: () => Promise<void>): Promise<void> {
    for (const { link } of this.clients) link?.vanish();
    await tick();
    this.embedded.close();
    this.gateway.stop();
    for (let round = 0; round < 4; round++) {
      await tick();
      this.clock.settle();
    }
    this.store.close();
    const left = ["connection", "watch", "surface", "conversation", "turn"]
      .map((kind) => ({ kind, count: this.gateway.actors.count(kind) }))
      .filter(({ count }) => count > 0);
    if (left.length > 0) throw new Broken(`actors are left: ${JSON.stringify(left)}`);
    if (this.clock.pending > 0) throw new Broken(`${this.clock.pending} timers are left`);
  }
}

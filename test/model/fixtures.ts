// The whole embedded server for model tests: gateway, orchestrator, a store in a file, WebSockets and the HTTP API on
// one real port. The tests control its agents. No timeout of minutes may expire by itself (PatientClock), and an ended
// server must leave nothing behind.
import { cpSync } from "node:fs";
import { createServer } from "node:http";
import type { AnyActorRef, AnyMachineSnapshot } from "xstate";
import { createRequestGuard } from "../../src/access/request-guard.ts";
import { createEmbeddedOrchestrator, type EmbeddedOrchestrator } from "../../src/embedded/orchestrator.ts";
import { openSqliteStore } from "../../src/embedded/sqlite-store.ts";
import { createConversationSurface } from "../../src/embedded/surfaces/conversation.ts";
import { createMessageQueueSurface } from "../../src/embedded/surfaces/message-queue.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import { createHttpApp } from "../../src/http/app.ts";
import { createHttpListener } from "../../src/http/listener.ts";
import { OpenStreams } from "../../src/http/open-streams.ts";
import type { Limits } from "../../src/limits.ts";
import type { Agent } from "../../src/ports/agent.ts";
import type { Store } from "../../src/ports/store.ts";
import { listen, trackAnswers, trackConnections, unlisten } from "../../src/runtime/listen.ts";
import { isMachineSnapshot } from "../../src/runtime/xstate-internals.ts";
import { createSurfaceRegistry } from "../../src/surfaces/surface-registry.ts";
import { createTransport } from "../../src/transport/ws-transport.ts";
import { type Client, connect } from "../support/client.ts";
import { within } from "../support/deadline.ts";
import { limits as allLimits } from "../support/limits.ts";
import { agentOf, failingStore, Puppet } from "../support/orchestrator-fixture.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { rememberingLogger } from "../support/store-rows.ts";
import { PatientClock } from "./fixtures/patient-clock.ts";
import { type Traps, trappedStore, unhurriedStore } from "./fixtures/trapped-store.ts";
import { soon } from "./players/soon.ts";

/**
 * Each timeout that a test must end is long and has a unique length, by which the test ends it. Size limits are small.
 */
export const fixtureLimits: Limits = {
  ...allLimits,
  agentStopMs: 100_001,
  sealRetryMs: 100_010,
  turnMs: 1_000_100,
  compactionMs: 101_000,
  journalIntervalMs: 110_000,
  // Every check finds that the agent has been silent for too long.
  turnCheckMs: 111_000,
  agentSilentMs: 0,
  agentLostMs: 100_100,
  // The time that a turn has leaps ahead; no socket may count as silent or slow because of that.
  silentCloseMs: 10_000_000,
  ackTimeoutMs: 10_000_000,
  turnLogBytesMax: 128 * 1_024,
  // One delta of this size fits into turnLogBytesMax, two do not.
  deltaCharactersMax: 64 * 1_024,
  queuedTextsMax: 1,
  compactionMessagesKept: 0,
};

/** How long a planned stop waits after it has told the running turns to end. */
const drainWaitMs = fixtureLimits.agentStopMs + 2 * fixtureLimits.sealRetryMs;

/** Agents of the model `test/m`. Each run gets a puppet of its own. */
export class Puppets {
  readonly all: Puppet[] = [];
  readonly agent: Agent;

  constructor({ heedAbort }: { heedAbort: boolean }) {
    this.agent = agentOf((run) => {
      const puppet = new Puppet({ heedsAbort: heedAbort });
      this.all.push(puppet);
      return puppet.agent.run(run);
    });
  }

  /** The puppet of the run after this many runs. Waits until that run begins. */
  async after(runs: number): Promise<Puppet> {
    return await soon(() => this.all[runs], `run ${runs + 1} of the agent`);
  }
}

export interface ServerOptions {
  dataDir?: string;
  puppets: Puppets;
  /** Changes of fixtureLimits. */
  limits?: Partial<Limits>;
  /** The store fails with this error from the start. */
  fails?: Error | undefined;
  /** Called with the root actor before any other actor exists. Its result is called when the server crashes or ends. */
  attach?: ((root: AnyActorRef) => () => void) | undefined;
}

export interface ModelServer {
  url: string;
  httpUrl: string;
  dataDir: string;
  gateway: Gateway;
  embedded: EmbeddedOrchestrator;
  /** The server's store; `fails` makes its commits fail. */
  store: Store & { fails: Error | undefined };
  traps: Traps;
  clock: PatientClock;
  lines: { level: string; message: string; fields: unknown }[];
  /** The actor of the conversation or of its turn; undefined when there is none. */
  actorOf(chart: "conversation" | "turn", conversationId: string): AnyActorRef | undefined;
  /** Connects a client and waits for its catalog. */
  join(): Promise<Client>;
  killClients(): void;
  /** A planned stop, as on SIGTERM. Interrupts the turns at once and lets the agents' stop timeout pass. */
  stop(): Promise<void>;
  /** Simulates a crash at this moment. Returns a copy of what is committed, on which another server can start. */
  crash(): Promise<string>;
  /** Ends the server at once, without a drain and without closing handshakes. */
  end(): Promise<void>;
}

export async function openServer(options: ServerOptions): Promise<ModelServer> {
  const { dataDir = temporaryDirectory(), puppets } = options;
  const limits: Limits = { ...fixtureLimits, ...options.limits };
  const clock = new PatientClock();
  const { logger, lines } = rememberingLogger();
  const trapped = trappedStore(openSqliteStore({ dataDir, clock, logger, limits, durability: "normal" }));
  const store = unhurriedStore(failingStore(trapped.store));
  if (options.fails) store.fails = options.fails;
  const surfaces = createSurfaceRegistry();
  const made: { embedded?: EmbeddedOrchestrator } = {};
  let detach: (() => void) | undefined;
  const gateway = new Gateway({
    clock,
    logger,
    limits,
    surfaces,
    eventProfile: "full",
    ports: (host) => {
      detach = options.attach?.(host.parent);
      made.embedded = createEmbeddedOrchestrator({
        host,
        store,
        agents: [puppets.agent],
        tools: [],
        defaultModel: "test/m",
        clock,
        logger,
        limits,
        orphanMs: 0,
      });
      return made.embedded;
    },
  });
  const { embedded } = made;
  if (!embedded) throw new Error("the gateway did not ask for its ports");
  const { orchestrator, conversations, activity, subscribe: changes } = embedded;
  surfaces.register(createConversationSurface({ orchestrator, conversations, activity, changes }));
  surfaces.register(createMessageQueueSurface(conversations, changes));
  const access = createRequestGuard({ clock, limits });
  const health = { alive: () => true, degraded: () => false, ready: () => true };
  const app = createHttpApp({
    ...{ orchestrator, conversations, access, clock, logger, limits, health },
    ...{ authoriser: gateway.authoriser, quota: gateway.quota, streams: new OpenStreams() },
    longMessages: gateway.connections.longMessages,
    eventFilter: () => true,
  });
  const transport = createTransport({
    clock,
    limits,
    logger,
    access,
    closedBecause: () => undefined,
    accept: (socket) => gateway.accept(socket),
  });
  const server = createServer(createHttpListener(app, logger));
  transport.serve(server);
  const answersSent = trackAnswers(server, clock);
  const cut = trackConnections(server);
  const port = await listen(server, "127.0.0.1", 0);
  gateway.listening();

  const clients = new Set<Client>();
  const killClients = (): void => {
    for (const client of clients) client.kill();
    clients.clear();
  };
  let ended: Promise<void> | undefined;
  const endOnce = async (): Promise<void> => {
    const closed = unlisten(server);
    gateway.stop();
    embedded.close();
    cut();
    await within(closed, "the server to close");
    detach?.();
    store.close();
    killClients();
    const left = { conversations: gateway.actors.count("conversation"), turns: gateway.actors.count("turn") };
    if (left.conversations + left.turns > 0) throw new Error(`actors are left behind: ${JSON.stringify(left)}`);
  };
  const end = (): Promise<void> => {
    ended ??= endOnce();
    return ended;
  };
  return {
    url: `ws://127.0.0.1:${port}`,
    httpUrl: `http://127.0.0.1:${port}`,
    dataDir,
    gateway,
    embedded,
    store,
    traps: trapped.traps,
    clock,
    lines,
    actorOf: (chart, conversationId) => actorIn(gateway, chart, conversationId),
    async join() {
      const client = await connect(`ws://127.0.0.1:${port}`);
      clients.add(client);
      await client.next("catalog");
      return client;
    },
    killClients,
    async stop() {
      const drained = gateway.drain(0, fixtureLimits.reconnectAfterMs);
      await within(turnsEnded(gateway, clock), "the turns to end");
      const farewells = Promise.all([drained, answersSent(fixtureLimits.closingMs)]);
      await within(farewells, "the sockets to close and the answers to leave");
      await end();
    },
    async crash() {
      const copy = temporaryDirectory();
      cpSync(dataDir, copy, { recursive: true });
      // What the crashed server does from here on must not be observed.
      detach?.();
      detach = undefined;
      killClients();
      await end();
      return copy;
    },
    end,
  };
}

/** Ends the timeouts that a drain waits for: the agents' and the store's, then its own. */
async function turnsEnded(gateway: Gateway, clock: PatientClock): Promise<void> {
  let isOver = false;
  const ended = gateway.turnsEnded().then(() => {
    isOver = true;
  });
  for (let round = 0; !isOver; round++) {
    await nextLoopTurn();
    clock.elapse(fixtureLimits.agentStopMs);
    clock.elapse(fixtureLimits.sealRetryMs);
    if (round >= 8) clock.elapse(drainWaitMs);
  }
  await ended;
}

const nextLoopTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function actorIn(gateway: Gateway, chart: "conversation" | "turn", conversationId: string): AnyActorRef | undefined {
  for (const actor of gateway.actors.alive(chart).keys())
    if (snapshotOf(actor).context?.conversationId === conversationId) return actor;
  return undefined;
}

export function snapshotOf(actor: AnyActorRef): AnyMachineSnapshot {
  const snapshot: unknown = actor.getSnapshot();
  if (!isMachineSnapshot(snapshot)) throw new Error("the actor does not run a chart");
  return snapshot;
}

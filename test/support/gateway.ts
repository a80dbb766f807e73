// Opens the gateway on a real port for a test: as a host's extension with scripted implementations of its ports, or
// bare, for tests that reach into it. After the test it checks that nothing was left behind.
import type { Credentials } from "../../src/access/credentials.ts";
import { createRequestGuard } from "../../src/access/request-guard.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import type { Limits } from "../../src/limits.ts";
import type { Authorisation } from "../../src/ports/authorisation.ts";
import type { Broadcasts } from "../../src/ports/broadcasts.ts";
import { tolerantLogger } from "../../src/ports/logger.ts";
import type { SurfaceRegistry } from "../../src/ports/surfaces.ts";
import type { Broadcast } from "../../src/protocol/broadcast.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { listen, trackConnections, unlisten } from "../../src/runtime/listen.ts";
import { createTransportWsExtension, type Extension } from "../../src/server/host-extension.ts";
import { createTransport, type Transport } from "../../src/transport/ws-transport.ts";
import { type Client, type ConnectOptions, connect } from "./client.ts";
import { eventually, within } from "./deadline.ts";
import { FakeHost } from "./host.ts";
import { limits } from "./limits.ts";
import { asPort, ScriptedOrchestrator } from "./scripted-orchestrator.ts";
import { registryOf, type ScriptedSurface } from "./scripted-surfaces.ts";
import { systemClock } from "./system-clock.ts";

/** The parts that a test of the extension uses. */
export interface Fixture {
  host: FakeHost;
  extension: Extension;
  orchestrator: ScriptedOrchestrator;
  registry: SurfaceRegistry;
  url: string;
  port: number;
  /** Connects a client and waits for its catalog. The client is killed after the test. */
  join(options?: ConnectOptions): Promise<Client>;
}

export interface FixtureOptions {
  surfaces?: ScriptedSurface[];
  registry?: SurfaceRegistry;
  settings?: Record<string, unknown>;
  limits?: Partial<Limits>;
  clock?: Clock;
}

/** The port that the extension has logged. */
export function portOf(host: FakeHost): number {
  const port = host.said("transport-ws: surface WebSocket listening").at(-1)?.fields?.["port"];
  if (typeof port !== "number") throw new Error("the extension has not logged a port");
  return port;
}

/**
 * Runs with an activated extension, then deactivates it. Fails on a subscription left at a port and on a logged error.
 */
export async function withHost(options: FixtureOptions, run: (fixture: Fixture) => Promise<void>): Promise<void> {
  const { surfaces = [], settings = {}, clock } = options;
  const orchestrator = new ScriptedOrchestrator();
  const registry = options.registry ?? registryOf(surfaces);
  const host = new FakeHost();
  host.services.set("session-orchestrator/orchestrator", orchestrator);
  host.services.set("surface-registry/registry", registry);
  for (const [key, value] of Object.entries(settings)) host.settings.set(key, value);
  const extension = createTransportWsExtension({ limits: { ...limits, ...options.limits }, ...(clock && { clock }) });
  await extension.activate(host);
  const port = portOf(host);
  const url = `ws://127.0.0.1:${port}`;
  const clients: Client[] = [];
  const join = async (connecting: ConnectOptions = {}): Promise<Client> => {
    const client = await connect(url, connecting);
    clients.push(client);
    await client.next("catalog");
    return client;
  };
  try {
    await run({ host, extension, orchestrator, registry, url, port, join });
    const defects = host.lines.filter((line) => line.level === "error");
    if (defects.length > 0)
      throw new Error(`defects were logged: ${JSON.stringify(defects.map((one) => one.message))}`);
  } finally {
    for (const client of clients) client.kill();
    await within(extension.deactivate(), "the extension to be deactivated");
  }
  const left = {
    orchestrator: orchestrator.subscriptions(),
    hooks: host.listenerCount,
    surfaces: surfaces.reduce((sum, surface) => sum + surface.subscriptions, 0),
  };
  if (left.orchestrator + left.hooks + left.surfaces > 0)
    throw new Error(`subscriptions are left behind: ${JSON.stringify(left)}`);
}

/** The parts that a test of a bare gateway uses. */
export interface BareGateway {
  gateway: Gateway;
  transport: Transport;
  orchestrator: ScriptedOrchestrator;
  /** Collects the log lines of the gateway. */
  host: FakeHost;
  url: string;
  /** Set to refuse upgrades. */
  closedBecause: "draining" | "full" | undefined;
  /** Emits a broadcast, as an orchestrator's hooks would. */
  announce(broadcast: Broadcast): void;
  join(options?: ConnectOptions): Promise<Client>;
}

export interface BareOptions {
  surfaces?: ScriptedSurface[];
  limits?: Partial<Limits>;
  clock?: Clock;
  allowOrigins?: string[];
  credentials?: Credentials;
  authorisation?: Authorisation;
}

/** Runs with a gateway without an extension around it. */
export async function withGateway(options: BareOptions, run: (bare: BareGateway) => Promise<void>): Promise<void> {
  const clock = options.clock ?? systemClock;
  const bounds: Limits = { ...limits, ...options.limits };
  const orchestrator = new ScriptedOrchestrator();
  const host = new FakeHost();
  const logger = tolerantLogger(host.logger);
  const broadcastListeners = new Set<(broadcast: Broadcast) => void>();
  const broadcasts: Broadcasts = {
    subscribe(listener) {
      broadcastListeners.add(listener);
      return () => broadcastListeners.delete(listener);
    },
  };
  const gateway = new Gateway({
    clock,
    logger,
    limits: bounds,
    surfaces: registryOf(options.surfaces ?? []),
    eventProfile: "full",
    authorisation: options.authorisation,
    ports: () => ({ orchestrator: asPort(orchestrator), broadcasts }),
  });
  const transport = createTransport({
    clock,
    limits: bounds,
    logger,
    access: createRequestGuard({
      clock,
      limits: bounds,
      allowOrigins: options.allowOrigins ?? [],
      credentials: options.credentials,
    }),
    closedBecause: () => bare.closedBecause,
    accept: (socket, caller) => gateway.accept(socket, caller),
  });
  const server = transport.createServer();
  const cutConnections = trackConnections(server);
  const clients: Client[] = [];
  const port = await listen(server, "127.0.0.1", 0);
  gateway.listening();
  const url = `ws://127.0.0.1:${port}`;
  const bare: BareGateway = {
    gateway,
    transport,
    orchestrator,
    host,
    url,
    closedBecause: undefined,
    announce: (broadcast) => {
      for (const listener of [...broadcastListeners]) listener(broadcast);
    },
    async join(connecting = {}) {
      const client = await connect(url, connecting);
      clients.push(client);
      await client.next("catalog");
      return client;
    },
  };
  try {
    await run(bare);
  } finally {
    for (const client of clients) client.kill();
    const closed = unlisten(server);
    await eventually(() => gateway.connections.size === 0, "the killed sockets to be noticed");
    gateway.stop();
    transport.stop();
    cutConnections();
    await within(closed, "the server to close");
  }
  if (orchestrator.subscriptions() > 0) throw new Error("subscriptions at the orchestrator are left behind");
}

/** The system's clock, `factor` times faster, so that timeouts of minutes pass in seconds over real sockets. */
export function hastyClock(factor: number): Clock {
  return {
    ...systemClock,
    now: () => systemClock.now() * factor,
    setTimeout: (run, delayMs) => systemClock.setTimeout(run, delayMs / factor),
  };
}

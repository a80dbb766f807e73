// turnwire as an extension of an agent host that brings its own orchestrator and surfaces (docs/guides/embedding.md):
// the gateway on one WebSocket port, without the embedded parts.
import "../version.ts";
import { Credentials, digestOf } from "../access/credentials.ts";
import { createRequestGuard } from "../access/request-guard.ts";
import type { InspectionFilter, InspectionObserver } from "../diagnostics/inspection/changes.ts";
import { Gateway } from "../gateway/gateway.ts";
import type { Limits } from "../limits.ts";
import { tolerantLogger } from "../ports/logger.ts";
import type { Orchestrator } from "../ports/orchestrator.ts";
import type { SurfaceRegistry } from "../ports/surfaces.ts";
import { type Clock, createSystemClock } from "../runtime/clock.ts";
import { listen } from "../runtime/listen.ts";
import { createTransport } from "../transport/ws-transport.ts";
import { readHostConfig } from "./host-extension/config.ts";
import { broadcastsOf } from "./host-extension/hooks.ts";
import type { Host, ServiceHandle } from "./host-extension/host.ts";
import { createManifest, type Manifest } from "./host-extension/manifest.ts";
import { resolveLimits } from "./resolve-limits.ts";
import { StopSequence } from "./stop.ts";

export type * from "../diagnostics/inspection/changes.ts";
export type { Limits } from "../limits.ts";
export type { LogFields, Logger } from "../ports/logger.ts";
export type { Clock, Timer } from "../runtime/clock.ts";
export type { HookHandle, Host, ServiceHandle } from "./host-extension/host.ts";
export type { Manifest } from "./host-extension/manifest.ts";

export interface Extension {
  manifest: Manifest;
  /** Resolves when the port listens. @throws Error when the port is taken or a setting invalid; nothing runs then. */
  activate(host: Host): Promise<void>;
  /** Ends all that activate started. It can be activated again. No effect when not active. */
  deactivate(): Promise<void>;
  /** Observes the running charts, see RunningServer.inspect. @throws Error when it is not active. */
  inspect(observer: InspectionObserver, filter?: InspectionFilter): () => void;
}

const services = {
  surfaces: { id: "surface-registry/registry", kind: "service" },
  orchestrator: { id: "session-orchestrator/orchestrator", kind: "service" },
} as const;

export interface ExtensionOptions {
  /** Default: the system clock. */
  clock?: Clock;
  /** Overrides of the defaults in docs/reference/limits.md, which says what raising and lowering each costs. */
  limits?: Partial<Limits>;
}

/**
 * The extension, for a host's loader. A process may have several, each in its own host.
 * @throws ConfigError when the limits are invalid.
 */
export function createTransportWsExtension(options: ExtensionOptions = {}): Extension {
  const limits = resolveLimits(options.limits);
  const clock = options.clock ?? createSystemClock(limits);
  /** The current activation, in progress or done. */
  let starting: Promise<Running> | undefined;
  let active: Running | undefined;
  let stopping: Promise<void> = Promise.resolve();
  return {
    manifest: createManifest(),
    async activate(host) {
      if (starting) throw new Error("transport-ws is active already: deactivate it first");
      const mine = stopping.then(() => start(host, clock, limits));
      starting = mine;
      try {
        const running = await mine;
        if (starting === mine) active = running;
      } catch (error) {
        if (starting === mine) starting = undefined;
        throw error;
      }
    },
    deactivate() {
      // An activation still in progress is ended when it is done.
      const mine = starting;
      starting = undefined;
      active = undefined;
      if (mine)
        stopping = mine.then(
          (running) => running.stop(),
          () => {},
        );
      return stopping;
    },
    inspect(observer, filter) {
      if (!active) throw new Error("transport-ws is not active: await activate first, then inspect");
      return active.gateway.inspect(observer, filter);
    },
  };
}

interface Running {
  gateway: Gateway;
  stop(): Promise<void>;
}

async function start(host: Host, clock: Clock, limits: Limits): Promise<Running> {
  const logger = tolerantLogger(host.logger);
  const config = readHostConfig(host);
  const orchestrator = requireService<Orchestrator>(host, services.orchestrator);
  const surfaces = requireService<SurfaceRegistry>(host, services.surfaces);
  const { surfaceWsToken: token, surfaceWsAllowedOrigins: allowOrigins } = config;
  const entry = token && ({ name: "surfaceWsToken", sha256: digestOf(token), scope: "admin" } as const);
  const credentials = entry ? new Credentials([entry]) : undefined;
  const access = createRequestGuard({
    ...{ credentials, allowOrigins, clock, limits },
    // A host's pages come from ports of their own, and it may stand behind a proxy of its own.
    allowLoopbackOrigins: true,
    allowForwarded: true,
  });
  const gateway = new Gateway({
    clock,
    logger,
    limits,
    surfaces,
    eventProfile: "full",
    ports: () => ({ orchestrator, broadcasts: broadcastsOf(host, logger) }),
  });
  const transport = createTransport({
    clock,
    limits,
    logger,
    access,
    closedBecause: () => gateway.closedBecause,
    accept: (socket, caller) => gateway.accept(socket, caller),
  });
  const server = transport.createServer();
  const stopSequence = new StopSequence({ gateway, transport, servers: [server], limits });
  try {
    const port = await listen(server, config.surfaceWsHost, config.surfaceWsPort);
    access.addOwnPort(port);
    gateway.listening();
    logger.info("transport-ws: surface WebSocket listening", { port });
  } catch (error) {
    await stopSequence.end();
    await loopTurn(clock);
    throw error;
  }
  const stop = async (): Promise<void> => {
    await stopSequence.drain(0);
    await loopTurn(clock);
  };
  return { gateway, stop };
}

/** By the end of the loop turn, closed handles are gone and deferred work has run. */
const loopTurn = (clock: Clock): Promise<void> =>
  new Promise((resolve) => {
    clock.defer(() => clock.defer(resolve));
  });

/** Gets a service of the host. Only its existence is checked here; each call of it is guarded later. */
function requireService<Service>(host: Host, handle: ServiceHandle): Service {
  const service = host.getService(handle);
  if (typeof service === "object" && service !== null) return service as Service;
  throw new Error(`transport-ws: the host has no service ${handle.id}: load the extension that provides it first`);
}

// The server as a process: opens the store and the two ports. Must never leave anything half started: what fails on the
// way up takes down what was up.
import type { GatewayCounts } from "../diagnostics/counts.ts";
import type { InspectionFilter, InspectionObserver } from "../diagnostics/inspection.ts";
import { createMetrics } from "../diagnostics/metrics.ts";
import { openSqliteStore } from "../embedded/sqlite-store.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Limits } from "../limits.ts";
import type { Agent, Tool } from "../ports/agent.ts";
import type { Authorisation } from "../ports/authorisation.ts";
import { type Logger, silentLogger } from "../ports/logger.ts";
import type { SurfaceProvider } from "../ports/surfaces.ts";
import { type Clock, createSystemClock } from "../runtime/clock.ts";
import { hostAndPort, listen } from "../runtime/listen.ts";
import { createAgents, createTools, defaultModelOf } from "./agents.ts";
import { type CompositionOptions, compose, type ServerParts } from "./compose.ts";
import type { Config } from "./config.ts";
import { openStately } from "./inspection.ts";
import { resolveLimits } from "./resolve-limits.ts";

export interface RunningServer {
  /** Where WebSockets and the page are, as `ws://HOST:PORT` and `http://HOST:PORT`. */
  wsUrl: string;
  httpUrl: string;
  /** @internal */
  gateway: Gateway;
  /** What to open in a browser to see the charts run, when config.inspect asks for it; the second: Stately's page. */
  inspectUrl: string | undefined;
  statelyUrl: string | undefined;
  /**
   * Tells the observer what happens to the actors that fit the filter, while they run: every event with the transitions
   * taken and the states reached. Costs every event of every actor 3–4 µs while somebody looks, and nothing otherwise.
   * @param observer is called in the middle of things: it must be quick and call nothing of the server. When it
   * throws, that is logged and it is not called again.
   * @returns what ends it.
   */
  inspect(observer: InspectionObserver, filter?: InspectionFilter): () => void;
  counts(): GatewayCounts;
  /**
   * Closes one socket with 1001, for whoever has a reason to; its client comes back and goes on where it was.
   * @returns false when there is no such socket, or it is closing already.
   */
  disconnect(connectionId: string): boolean;
  /** Reads the tokens file anew, as SIGHUP does; without one nothing happens. */
  reload(): void;
  /** Drains and ends everything: turns get config.drainMs, sockets are closed with 1012. Again: hurries. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  config: Config;
  /** Default: the system's. */
  clock?: Clock;
  /** Default: silent. */
  logger?: Logger;
  /** What an embedder brings beside the built-in parts; a tool or a model of the same name comes first. */
  agents?: Agent[];
  tools?: Tool[];
  surfaces?: SurfaceProvider[];
  /** Who may do what, beside what the scopes of tokens say. */
  authorisation?: Authorisation;
  /** Other bounds than those of src/limits.ts, where each says what raising and lowering it costs. */
  limits?: Partial<Limits>;
}

/**
 * @throws ConfigError, StoreOpenError, ToolsFileError, TokensFileError, ListenError: each one sentence for the person
 * who started it.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, logger = silentLogger, surfaces = [], authorisation } = options;
  const limits = resolveLimits({ socketsPerAddressMax: config.socketsPerAddress, ...options.limits });
  const clock = options.clock ?? createSystemClock(limits);
  const tools = await createTools(config, options.tools ?? [], clock);
  const agents = await createAgents(config, options.agents ?? [], clock, logger, limits);
  const defaultModel = defaultModelOf(config, agents);
  const metrics = createMetrics(limits);
  const { dataDir, durability } = config;
  const store = openSqliteStore({ dataDir, clock, logger, limits, durability, onCommit: metrics.committed });
  try {
    const made = {
      config,
      clock,
      logger,
      store,
      metrics,
      agents,
      tools,
      surfaces,
      defaultModel,
      authorisation,
      limits,
    };
    return await open(compose(made), { config, clock, logger, limits }, () => store.close());
  } catch (error) {
    store.close();
    throw error;
  }
}

/** Opens the ports, or ends the parts again. */
async function open(
  parts: ServerParts,
  { config, clock, logger, limits }: Pick<CompositionOptions, "config" | "clock" | "logger" | "limits">,
  ended: () => void,
): Promise<RunningServer> {
  const { gateway, access, stopSequence } = parts;
  try {
    const port = await listen(parts.wsServer, config.host, config.port);
    const httpPort = await listen(parts.httpServer, config.host, config.httpPort);
    access.addOwnPort(port);
    access.addOwnPort(httpPort);
    const { inspect } = config;
    if (inspect?.stately) parts.stately = await openStately(inspect, gateway, clock, logger, limits);
    gateway.listening();
    const httpUrl = `http://${hostAndPort(config.host, httpPort)}`;
    let stopped: Promise<void> | undefined;
    return {
      wsUrl: `ws://${hostAndPort(config.host, port)}`,
      httpUrl,
      gateway,
      inspectUrl: inspect && `${httpUrl}/inspect`,
      statelyUrl: parts.stately?.url,
      inspect: (observer, filter) => gateway.inspect(observer, filter),
      counts: () => gateway.counts(),
      disconnect: (connectionId) => gateway.disconnect(connectionId),
      reload: () => parts.tokensFile?.reload(),
      stop() {
        const drained = stopSequence.drain(config.drainMs);
        stopped ??= drained.then(ended);
        return stopped;
      },
    };
  } catch (error) {
    gateway.root.send({ type: "gateway.failed" });
    await stopSequence.end();
    throw error;
  }
}

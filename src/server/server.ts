// The server as a process: opens the store and the two ports. Must never stay half started: a failure closes what was
// already open.
import type { GatewayCounts } from "../diagnostics/counts.ts";
import type { InspectionFilter, InspectionObserver } from "../diagnostics/inspection.ts";
import { createMetrics } from "../diagnostics/metrics.ts";
import { openSqliteStore } from "../embedded/sqlite-store.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Limits } from "../limits.ts";
import type { Agent, Tool } from "../ports/agent.ts";
import type { Authorisation } from "../ports/authorisation.ts";
import { errorMessage } from "../ports/guard.ts";
import { type Logger, silentLogger } from "../ports/logger.ts";
import type { SurfaceProvider } from "../ports/surfaces.ts";
import { type Clock, createSystemClock } from "../runtime/clock.ts";
import { hostAndPort, listen } from "../runtime/listen.ts";
import { createTools, readAgents } from "./agents.ts";
import { compose, type ServerParts } from "./compose.ts";
import { ConfigError } from "./config/error.ts";
import type { Config } from "./config.ts";
import { ownToken } from "./own-token.ts";
import { resolveLimits } from "./resolve-limits.ts";

export interface RunningServer {
  /** The addresses for WebSockets and for HTTP, as `ws://HOST:PORT` and `http://HOST:PORT`. */
  wsUrl: string;
  httpUrl: string;
  /** The token that the server has made for itself, because none was configured and config.noToken is not set. */
  madeToken: string | undefined;
  /** @internal */
  gateway: Gateway;
  /** The page of the live visualizer, if config.inspect enables it. */
  inspectUrl: string | undefined;
  /**
   * Reports what the actors that match the filter do: every event with the transitions taken and the states reached.
   * While there are observers, each event of each actor costs 3–4 µs; without observers nothing.
   * @param observer is called synchronously while an actor processes the event: it must be quick and must not call the
   * server. When it throws, that is logged and it is not called again.
   * @returns stops the reports.
   */
  inspect(observer: InspectionObserver, filter?: InspectionFilter): () => void;
  counts(): GatewayCounts;
  /**
   * Closes one socket with 1001. Its client reconnects and resumes where it was.
   * @returns false when there is no such socket, or it is closing already.
   */
  disconnect(connectionId: string): boolean;
  /** Reads the tokens file and the models file again, as SIGHUP does. One that cannot be used changes nothing. */
  reload(): Promise<void>;
  /** Gives running turns config.drainMs, closes sockets with 1012, ends everything. A second call does so at once. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  config: Config;
  /** Default: the system clock. */
  clock?: Clock;
  /** Default: silent. */
  logger?: Logger;
  /** Added to the built-in parts. A tool or model precedes a built-in one of the same name. */
  agents?: Agent[];
  tools?: Tool[];
  surfaces?: SurfaceProvider[];
  /** Decides beside the tokens' scopes who may do what. */
  authorisation?: Authorisation;
  /** Overrides of the defaults in docs/reference/limits.md, which says what raising and lowering each costs. */
  limits?: Partial<Limits>;
}

/** @throws ConfigError, StoreOpenError, ToolsFileError, TokensFileError, ListenError: one sentence for the operator. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, logger = silentLogger, surfaces = [], authorisation } = options;
  if (!config)
    throw new ConfigError("startServer needs options.config: make one with serveConfig(flags, process.env).");
  const limits = resolveLimits({ socketsPerAddressMax: config.socketsPerAddress, ...options.limits });
  const clock = options.clock ?? createSystemClock(limits);
  const findAgents = () => readAgents(config, options.agents ?? [], clock, logger, limits);
  const { agents, defaultModel } = await findAgents();
  // After the models file: its keys are out of the environment when the tools are loaded.
  const tools = await createTools(config, options.tools ?? [], clock);
  const metrics = createMetrics(limits);
  const { dataDir, durability } = config;
  const store = openSqliteStore({ dataDir, clock, logger, limits, durability, onCommit: metrics.committed });
  try {
    const asksForOne = !config.noToken && config.token === undefined && config.tokensFile === undefined;
    const madeToken = asksForOne ? ownToken(dataDir) : undefined;
    const ports = { store, agents, tools, surfaces, defaultModel, authorisation };
    const parts = compose({ madeToken, config, clock, logger, limits, metrics, ...ports });
    const reload = async (): Promise<void> => {
      parts.tokensFile?.reload();
      if (!config.readModels) return;
      try {
        const found = await findAgents();
        parts.setAgents(found.agents, found.defaultModel);
        logger.info("models: the file was read again", { defaultModel: found.defaultModel });
      } catch (error) {
        logger.error("models: the file cannot be used, and the models stay as they were", {
          reason: errorMessage(error),
        });
      }
    };
    return { madeToken, ...(await open(parts, config, reload, () => store.close())) };
  } catch (error) {
    store.close();
    throw error;
  }
}

/** Opens the ports. On a failure it ends all parts. */
async function open(
  parts: ServerParts,
  config: Config,
  reload: () => Promise<void>,
  ended: () => void,
): Promise<Omit<RunningServer, "madeToken">> {
  const { gateway, access, stopSequence } = parts;
  try {
    const port = await listen(parts.wsServer, config.host, config.port);
    const httpPort = await listen(parts.httpServer, config.host, config.httpPort);
    access.addOwnPort(port);
    access.addOwnPort(httpPort);
    gateway.listening();
    const reachableHost = config.host === "0.0.0.0" ? "127.0.0.1" : config.host === "::" ? "::1" : config.host;
    const httpUrl = `http://${hostAndPort(reachableHost, httpPort)}`;
    return {
      wsUrl: `ws://${hostAndPort(reachableHost, port)}`,
      httpUrl,
      gateway,
      inspectUrl: config.inspect && `${httpUrl}/inspect`,
      inspect: (observer, filter) => gateway.inspect(observer, filter),
      counts: () => gateway.counts(),
      disconnect: (connectionId) => gateway.disconnect(connectionId),
      reload,
      stop: () => stopSequence.drain(config.drainMs).then(ended),
    };
  } catch (error) {
    await stopSequence.end();
    throw error;
  }
}

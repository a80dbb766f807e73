// The server as a process: the embedded parts behind the gateway's ports, the WebSocket port and the HTTP port. Must
// never leave anything half started: what fails on the way up takes down what was up.
import { createServer, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import { Credentials, digestOf, type TokenEntry } from "../access/credentials.ts";
import { createRequestGuard, type RequestGuard } from "../access/request-guard.ts";
import { createMetrics, type Metrics } from "../diagnostics/metrics.ts";
import type { StatelyInspector } from "../diagnostics/stately.ts";
import { createEmbeddedOrchestrator, type EmbeddedOrchestrator } from "../embedded/orchestrator.ts";
import { openSqliteStore } from "../embedded/sqlite-store.ts";
import { createConversationSurface } from "../embedded/surfaces/conversation.ts";
import { createGatewaySurface } from "../embedded/surfaces/gateway.ts";
import { createMessageQueueSurface } from "../embedded/surfaces/message-queue.ts";
import { Gateway } from "../gateway/gateway.ts";
import { createHttpApp } from "../http/app.ts";
import { createHttpListener } from "../http/listener.ts";
import { OpenStreams } from "../http/open-streams.ts";
import { limits as defaultLimits, type Limits } from "../limits.ts";
import type { Agent, Tool } from "../ports/agent.ts";
import type { Authorisation, Identity } from "../ports/authorisation.ts";
import type { Logger } from "../ports/logger.ts";
import type { Store } from "../ports/store.ts";
import type { SurfaceProvider } from "../ports/surfaces.ts";
import { isInProfile } from "../protocol/event-profile.ts";
import type { Clock } from "../runtime/clock.ts";
import { hostAndPort, listen, trackAnswers, trackConnections, unlisten } from "../runtime/listen.ts";
import { createSurfaceRegistry } from "../surfaces/surface-registry.ts";
import { connectionOptions, createTransport } from "../transport/ws-transport.ts";
import { createAgents, createTools, defaultModelOf } from "./agents.ts";
import type { Config } from "./config.ts";
import { createVisualizer, openStately } from "./inspection.ts";
import { markOf, readTokensFile, TokensFile } from "./tokens-file.ts";

export interface RunningServer {
  /** Where WebSockets and the page are, as `ws://HOST:PORT` and `http://HOST:PORT`. */
  wsUrl: string;
  httpUrl: string;
  gateway: Gateway;
  /** What to open in a browser to see the charts run, when config.inspect asks for it; the second: Stately's page. */
  inspectUrl: string | undefined;
  statelyUrl: string | undefined;
  /** Reads the tokens file anew, as SIGHUP does; without one nothing happens. */
  reload(): void;
  /** Drains and ends everything: turns get config.drainMs, sockets are closed with 1012. Again: hurries. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  config: Config;
  clock: Clock;
  logger: Logger;
  /** What an embedder brings beside the built-in parts; a tool or a model of the same name comes first. */
  agents?: Agent[];
  tools?: Tool[];
  surfaces?: SurfaceProvider[];
  /** Who may do what, beside what the scopes of tokens say. */
  authorisation?: Authorisation;
  /** Bounds other than those of limits.ts, each at one's own risk. */
  limits?: Partial<Limits>;
}

/** The options with the parts that were made of them. */
interface CompositionOptions extends Pick<ServerOptions, "config" | "clock" | "logger"> {
  authorisation: Authorisation | undefined;
  limits: Limits;
  store: Store;
  agents: Agent[];
  tools: Tool[];
  surfaces: SurfaceProvider[];
  defaultModel: string;
}

const pageDirectory = fileURLToPath(new URL("../page/", import.meta.url));

/**
 * @throws ConfigError, StoreOpenError, ToolsFileError, TokensFileError, ListenError: each one sentence for the person
 * who started it.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, clock, logger, surfaces = [] } = options;
  const tools = await createTools(config, options.tools ?? [], clock);
  const agents = await createAgents(config, options.agents ?? [], clock, logger);
  const defaultModel = defaultModelOf(config, agents);
  const { dataDir, durability } = config;
  const heard: { commit?: (tookMs: number) => void } = {};
  const onCommit = (tookMs: number): void => heard.commit?.(tookMs);
  const store = openSqliteStore({ dataDir, clock, logger, durability, onCommit });
  let parts: ServerParts;
  try {
    const { authorisation } = options;
    const { socketsPerAddress: socketsPerAddressMax } = config;
    const limits = { ...defaultLimits, socketsPerAddressMax, ...options.limits };
    parts = compose({ config, clock, logger, store, agents, tools, surfaces, defaultModel, authorisation, limits });
    heard.commit = parts.metrics.committed;
  } catch (error) {
    store.close();
    throw error;
  }
  try {
    const port = await listen(parts.wsServer, config.host, config.port);
    const httpPort = await listen(parts.httpServer, config.host, config.httpPort);
    parts.access.addOwnPort(port);
    parts.access.addOwnPort(httpPort);
    const { inspect } = config;
    if (inspect?.stately) parts.stately = await openStately(inspect, parts.gateway, clock, logger);
    parts.gateway.listening();
    const httpUrl = `http://${hostAndPort(config.host, httpPort)}`;
    return {
      wsUrl: `ws://${hostAndPort(config.host, port)}`,
      httpUrl,
      gateway: parts.gateway,
      inspectUrl: inspect && `${httpUrl}/inspect`,
      statelyUrl: parts.stately?.url,
      reload: () => parts.tokensFile?.reload(),
      stop: stopper(parts, config.drainMs),
    };
  } catch (error) {
    parts.gateway.root.send({ type: "gateway.failed" });
    await parts.end();
    throw error;
  }
}

/** TURNWIRE_TOKEN, which may do everything. */
const tokenOf = ({ token }: Config): TokenEntry[] =>
  token === undefined ? [] : [{ name: "TURNWIRE_TOKEN", sha256: digestOf(token), scope: "admin" }];

/** Undefined where nobody is asked for a token. @throws TokensFileError */
function credentialsOf(config: Config): Credentials | undefined {
  const { token, tokensFile } = config;
  if (token === undefined && tokensFile === undefined) return undefined;
  return new Credentials([...tokenOf(config), ...(tokensFile === undefined ? [] : readTokensFile(tokensFile))]);
}

/** What a server consists of while it runs. */
interface ServerParts {
  gateway: Gateway;
  embedded: EmbeddedOrchestrator;
  access: RequestGuard;
  limits: Limits;
  metrics: Metrics;
  tokensFile: TokensFile | undefined;
  wsServer: Server;
  httpServer: Server;
  /** Set when it runs. */
  stately?: StatelyInspector;
  beginDrain(): void;
  /** Closes the sockets and lets HTTP answers leave that are under way; who does not take them is not waited for. */
  closeGracefully(): Promise<void>;
  /** Ends all that is left, in the order in which one stands on the other. */
  end(): Promise<void>;
}

function compose({
  config,
  clock,
  logger,
  limits,
  store,
  agents,
  tools,
  defaultModel,
  ...own
}: CompositionOptions): ServerParts {
  let draining = false;
  // Before it is read: what changes while the server starts is seen by the first look.
  const mark = config.tokensFile === undefined ? "" : markOf(config.tokensFile);
  const credentials = credentialsOf(config);
  const access = createRequestGuard({ credentials, allowOrigins: config.allowOrigins, clock, limits });
  const streams = new OpenStreams();
  const surfaces = createSurfaceRegistry();
  const made: { embedded?: EmbeddedOrchestrator; gateway?: Gateway } = {};
  const refusal = () => made.gateway?.feeds.refusal();
  const gateway = new Gateway({
    clock,
    logger,
    limits,
    surfaces,
    eventProfile: config.eventProfile,
    authorisation: own.authorisation,
    ports: (supervision) => {
      const behind = { store, agents, tools, defaultModel };
      made.embedded = createEmbeddedOrchestrator({
        ...{ supervision, ...behind, clock, logger, limits, refusal },
        watchers: (id) => (made.gateway?.feeds.get(id)?.watches ?? 0) + streams.watching(id),
        orphanMs: config.orphanMs,
      });
      return made.embedded;
    },
  });
  made.gateway = gateway;
  const { embedded } = made;
  if (!embedded) throw new Error("the gateway did not ask for its ports");
  const { orchestrator, conversations } = embedded;
  const { subscribe: changes, activity } = embedded;
  const figures = () => ({
    ...gateway.counts(),
    runningTurns: embedded.runningTurns(),
    stalledTurns: embedded.stalledTurns(),
    refusesTurns: embedded.refusing !== undefined,
  });
  const setRefusesTurns = (refuses: boolean): void =>
    embedded.setRefusing(refuses ? "this server takes no new turns at the moment" : undefined);
  surfaces.register(createConversationSurface({ orchestrator, conversations, activity, changes }));
  surfaces.register(createMessageQueueSurface(conversations, changes));
  surfaces.register(createGatewaySurface({ clock, figures, setRefusesTurns, changes }));
  for (const provider of own.surfaces) surfaces.register(provider);

  const transport = createTransport({
    clock,
    limits,
    logger,
    access,
    closedBecause: () => {
      if (draining) return "draining";
      return gateway.connections.size >= limits.socketsMax ? "full" : undefined;
    },
    accept: (socket, caller) => gateway.accept(socket, caller),
  });
  const visualizer =
    config.inspect && createVisualizer(config.inspect, credentials !== undefined, gateway, figures, clock);
  const metrics = createMetrics({
    figures,
    charts: () => gateway.directory.counts(),
    egress: () => gateway.connections.counters,
    waiting: () => transport.waiting(),
  });
  const app = createHttpApp({
    orchestrator,
    conversations,
    access,
    authoriser: gateway.authoriser,
    quota: gateway.quota,
    streams,
    clock,
    logger,
    limits,
    health: { alive: () => gateway.root.getSnapshot().status === "active", ready: () => !draining },
    metrics: () => metrics.scrape(),
    page: { directory: pageDirectory },
    why: { directory: gateway.directory, activity, readers: (id) => streams.watching(id) },
    visualizer,
    eventFilter: ({ type }) => isInProfile(config.eventProfile, type),
  });
  const tokensFile =
    config.tokensFile === undefined
      ? undefined
      : new TokensFile({
          path: config.tokensFile,
          mark,
          clock,
          logger,
          onChange(entries) {
            credentials?.replace([...tokenOf(config), ...entries]);
            const isGood = (identity: Identity): boolean => credentials?.includes(identity) ?? true;
            gateway.revoke(isGood);
            streams.revoke(isGood);
          },
        });
  const wsServer = transport.createServer();
  const httpServer = createServer(
    { ...connectionOptions(limits), requestTimeout: limits.requestMs },
    createHttpListener(app, logger),
  );
  httpServer.on("upgrade", transport.upgrade);
  const answersSent = trackAnswers(httpServer, clock);
  const cuts = [trackConnections(wsServer), trackConnections(httpServer)];
  return {
    gateway,
    embedded,
    access,
    limits,
    metrics,
    tokensFile,
    wsServer,
    httpServer,
    beginDrain() {
      draining = true;
    },
    async closeGracefully() {
      // Who watches the charts sees the last socket go.
      const socketsClosed = gateway.closeSockets().then(() => visualizer?.stop());
      await Promise.all([socketsClosed, answersSent(limits.closingMs)]);
    },
    async end() {
      tokensFile?.stop();
      const closed = [unlisten(wsServer), unlisten(httpServer)];
      gateway.stop();
      const statelyStopped = this.stately?.stop();
      embedded.close();
      for (const cut of cuts) cut();
      transport.stop();
      await Promise.all([...closed, statelyStopped]);
      store.close();
    },
  };
}

/** SIGTERM's order of things (protocol 2, `server.draining`): announce, let turns end, seal the rest, close, leave. */
function stopper(parts: ServerParts, drainMs: number): () => Promise<void> {
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    parts.beginDrain();
    parts.gateway.drain(drainMs, parts.limits.reconnectAfterMs);
    await parts.embedded.drain(drainMs);
    await parts.closeGracefully();
    await parts.end();
  };
  return () => {
    if (stopping) {
      void parts.embedded.drain(0);
      parts.gateway.hurry();
    }
    stopping ??= stop();
    return stopping;
  };
}

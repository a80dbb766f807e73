// Composes a server from its configuration: the gateway with the embedded parts, the transport and the HTTP API. No
// port listens yet. After a failure only the store stays open, which the caller owns.
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { Credentials, digestOf, type TokenEntry } from "../access/credentials.ts";
import { createRequestGuard } from "../access/request-guard.ts";
import { Recorder } from "../diagnostics/inspection/recorder.ts";
import { Visualizer } from "../diagnostics/inspection/visualizer.ts";
import type { Metrics } from "../diagnostics/metrics.ts";
import { createEmbeddedOrchestrator } from "../embedded/orchestrator.ts";
import { createConversationSurface } from "../embedded/surfaces/conversation.ts";
import { createGatewaySurface } from "../embedded/surfaces/gateway.ts";
import { createMessageQueueSurface } from "../embedded/surfaces/message-queue.ts";
import { Gateway } from "../gateway/gateway.ts";
import { createHttpApp } from "../http/app.ts";
import { createHttpListener } from "../http/listener.ts";
import { OpenStreams } from "../http/open-streams.ts";
import type { Limits } from "../limits.ts";
import type { Agent, Tool } from "../ports/agent.ts";
import type { Authorisation } from "../ports/authorisation.ts";
import type { Logger } from "../ports/logger.ts";
import type { Store } from "../ports/store.ts";
import type { SurfaceProvider } from "../ports/surfaces.ts";
import { isInProfile } from "../protocol/event-profile.ts";
import type { Clock } from "../runtime/clock.ts";
import { trackAnswers } from "../runtime/listen.ts";
import { createSurfaceRegistry } from "../surfaces/surface-registry.ts";
import { connectionOptions, createTransport } from "../transport/ws-transport.ts";
import type { Config } from "./config.ts";
import { StopSequence } from "./stop.ts";
import { readTokensFile, TokensFile, versionOf } from "./tokens-file.ts";

export interface CompositionOptions {
  config: Config;
  /** The token that the server has made for itself, if nobody has configured one. */
  madeToken: string | undefined;
  clock: Clock;
  logger: Logger;
  limits: Limits;
  store: Store;
  metrics: Metrics;
  agents: Agent[];
  tools: Tool[];
  surfaces: SurfaceProvider[];
  defaultModel: string;
  authorisation: Authorisation | undefined;
}

/** The parts of a running server. */
export type ServerParts = ReturnType<typeof compose>;

const pageDirectory = fileURLToPath(new URL("../page/", import.meta.url));
const chartsDirectory = fileURLToPath(new URL("../../visualizations/", import.meta.url));

/** TURNWIRE_TOKEN has the scope admin. */
const tokenOf = ({ token }: Config): TokenEntry[] =>
  token === undefined ? [] : [{ name: "TURNWIRE_TOKEN", sha256: digestOf(token), scope: "admin" }];

/** Undefined when no token is required. @throws TokensFileError */
function credentialsOf(config: Config, madeToken: string | undefined, limits: Limits): Credentials | undefined {
  const { token, tokensFile } = config;
  if (madeToken !== undefined) return new Credentials([{ name: "owner", sha256: digestOf(madeToken), scope: "admin" }]);
  if (token === undefined && tokensFile === undefined) return undefined;
  return new Credentials([...tokenOf(config), ...(tokensFile === undefined ? [] : readTokensFile(tokensFile, limits))]);
}

/** @throws TokensFileError with one sentence for the operator. */
export function compose(options: CompositionOptions) {
  const { config, clock, logger, limits, store, metrics, agents, tools, defaultModel, authorisation } = options;
  // Taken before the file is read, so the first poll notices a change during the start.
  const version = config.tokensFile === undefined ? "" : versionOf(config.tokensFile);
  const credentials = credentialsOf(config, options.madeToken, limits);
  const { allowOrigins, allowForwarded } = config;
  const access = createRequestGuard({ credentials, allowOrigins, allowForwarded, clock, limits });
  const streams = new OpenStreams();
  const surfaces = createSurfaceRegistry();
  const gateway = new Gateway({
    ...{ clock, logger, limits, surfaces, authorisation },
    eventProfile: config.eventProfile,
    ports: (host) =>
      createEmbeddedOrchestrator({
        ...{ store, agents, tools, defaultModel, clock, logger, limits },
        host: { ...host, watchers: (id) => host.watchers(id) + streams.watching(id) },
        orphanMs: config.orphanMs,
      }),
  });
  const { ports: embedded, authoriser, quota, directory } = gateway;
  const { orchestrator, conversations, subscribe: changes, activity } = embedded;
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
  for (const provider of options.surfaces) surfaces.register(provider);

  const transport = createTransport({
    ...{ clock, limits, logger, access },
    closedBecause: () => gateway.closedBecause,
    accept: (socket, caller) => gateway.accept(socket, caller),
  });
  const hasToken = credentials !== undefined;
  const { root, actors, inspection } = gateway;
  const { payloads = "hidden", records = false } = config.inspect ?? {};
  const recorder = records ? new Recorder({ inspection, payloads, clock, limits }) : undefined;
  const visualizer =
    config.inspect &&
    new Visualizer({
      ...{ root, actors, inspection, directory, hasToken, counts: figures, clock, limits },
      ...{ payloads, recorder, pageDirectory: `${chartsDirectory}live`, chartsDirectory },
    });
  const source = {
    figures,
    charts: () => directory.counts(),
    egress: () => gateway.connections.counters,
    turnEnds: embedded.turnEnds,
    waiting: () => transport.waiting(),
  };
  const app = createHttpApp({
    ...{ orchestrator, conversations, access, authoriser, quota, streams, clock, logger, limits, visualizer },
    longMessages: gateway.connections.longMessages,
    health: {
      alive: () => gateway.root.getSnapshot().status === "active",
      degraded: () => gateway.isDegraded,
      ready: () => !gateway.isDraining,
    },
    metrics: () => metrics.scrape(source),
    page: { directory: pageDirectory },
    why: { directory, activity, readers: (id) => streams.watching(id) },
    eventFilter: ({ type }) => isInProfile(config.eventProfile, type),
  });
  const isGood = access.isGood;
  const onChange = (entries: TokenEntry[]): void => {
    credentials?.replace([...tokenOf(config), ...entries]);
    gateway.revoke(isGood);
    streams.revoke(isGood);
  };
  const { tokensFile: path } = config;
  const tokensFile =
    path === undefined ? undefined : new TokensFile({ path, version, clock, logger, limits, onChange });

  const wsServer = transport.createServer();
  const httpOptions = { ...connectionOptions(limits), requestTimeout: limits.requestMs };
  const httpServer = createServer(httpOptions, createHttpListener(app, logger));
  transport.serve(httpServer);
  const answersSent = trackAnswers(httpServer, clock);
  const stopSequence = new StopSequence({
    ...{ gateway, transport, limits },
    servers: [wsServer, httpServer],
    // Only now, so that the visualizer still shows the last socket close.
    socketsClosed: () => visualizer?.stop(),
    answersSent: () => answersSent(limits.closingMs),
    gatewayStopped() {
      tokensFile?.stop();
      embedded.close();
    },
  });
  const { setAgents } = embedded;
  return { gateway, access, tokensFile, wsServer, httpServer, stopSequence, setAgents };
}

// The gateway on a real port for random histories, with bounds so small that a few kilobytes congest a socket and every
// walk over sockets, signals and joiners takes several turns of the loop.
import { createServer } from "node:http";
import { createRequestGuard } from "../../../src/access/request-guard.ts";
import type { Socket, SocketListener } from "../../../src/egress/socket.ts";
import { Gateway, type GatewayPorts, type PortsHost } from "../../../src/gateway/gateway.ts";
import type { Limits } from "../../../src/limits.ts";
import type { Orchestrator } from "../../../src/ports/orchestrator.ts";
import { listen, trackConnections, unlisten } from "../../../src/runtime/listen.ts";
import { createSurfaceRegistry } from "../../../src/surfaces/surface-registry.ts";
import { createTransport } from "../../../src/transport/ws-transport.ts";
import { noLargerThan } from "../../support/bounds.ts";
import { eventually, within } from "../../support/deadline.ts";
import { limits as allLimits } from "../../support/limits.ts";
import { rememberingLogger } from "../../support/store-rows.ts";
import { systemClock } from "../../support/system-clock.ts";
import type { Oracle } from "../oracle.ts";
import { VersionedSurface } from "./surface.ts";
import { witnessed } from "./witness.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

export const smallLimits: Limits = {
  ...allLimits,
  ...noLargerThan({
    flushIntervalMs: 2,
    flushWatchersPerMs: 1,
    flushEventsMax: 6,
    flushBytesMax: 2_048,
    socketsPerLoopTurn: 1,
    dispatchesPerLoopTurn: 2,
    catchUpsPerLoopTurn: 1,
    catchUpSliceBytes: 700,
    pingEveryBytes: 1_024,
    outstandingBytesMax: 4_096,
    outstandingBytesMin: 2_048,
    sealedLogKeptMs: 20_000,
    surfaceAnswerMs: 10,
    agentStopMs: 100,
    sealRetryMs: 3,
    journalIntervalMs: 2,
    queuedTextsMax: 3,
  }),
  // One server plays thousands of histories, whose sockets connect, send and leave as fast as they can.
  commandsBurst: 1_000_000,
  readsBurst: 1_000_000,
  shortLivedSocketsBurst: 1_000_000,
  // The oracle counts events as they are emitted, and does not model turns and logs that are too large.
  deltaCharactersMax: 64 * KiB,
  turnLogBytesMax: 8 * MiB,
  conversationLogBytesMax: 32 * MiB,
  allLogsBytesMax: 256 * MiB,
  runningLogsBytesMax: 512 * MiB,
};

/** How many bytes may be on their way to a reader that surely does not count as slow. */
export const bytesAtOnceMax = smallLimits.outstandingBytesMax - 2 * smallLimits.pingEveryBytes;

export interface RandomServer {
  url: string;
  gateway: Gateway;
  surface: VersionedSurface;
  /** Observes the server's calls to the orchestrator. Undefined between histories. */
  oracle: Oracle | undefined;
  /** What was logged as a defect. */
  defects(): string[];
  /** Sheds the logs of sealed turns, as if their time had passed. */
  shedSealed(): void;
  stop(): Promise<void>;
}

export interface ServerParts {
  /** The ports of the gateway. The server wraps the orchestrator to report its calls to the oracle. */
  ports: (portsHost: PortsHost, limits: Limits) => GatewayPorts;
  /** Stands between the server and its sockets. Tests of the histories use it to break the server. */
  between?: Between;
}

/** Accepts a socket and may change its messages in both directions. `accept` is the server's own function. */
export type Between = (
  accept: (socket: Socket, subprotocol: string) => SocketListener | undefined,
  socket: Socket,
  subprotocol: string,
) => SocketListener | undefined;

const nothingBetween: Between = (accept, socket, subprotocol) => accept(socket, subprotocol);

export async function openRandomServer({ ports, between = nothingBetween }: ServerParts): Promise<RandomServer> {
  const { logger, lines } = rememberingLogger();
  const defects: typeof lines = [];
  const surface = new VersionedSurface();
  const surfaces = createSurfaceRegistry();
  surfaces.register(surface);
  const witness = (inner: Orchestrator): Orchestrator => witnessed(inner, () => server.oracle);
  const gateway = new Gateway({
    clock: systemClock,
    logger,
    limits: smallLimits,
    surfaces,
    eventProfile: "full",
    ports: (portsHost) => {
      const made = ports(portsHost, smallLimits);
      return { ...made, orchestrator: witness(made.orchestrator) };
    },
  });
  const transport = createTransport({
    clock: systemClock,
    limits: smallLimits,
    logger,
    access: createRequestGuard({ clock: systemClock, limits: smallLimits }),
    closedBecause: () => undefined,
    accept: (socket, { subprotocol }) =>
      between((taken, chosen) => gateway.accept(taken, { subprotocol: chosen }), socket, subprotocol),
  });
  const httpServer = createServer();
  transport.serve(httpServer);
  const cut = trackConnections(httpServer);
  const port = await listen(httpServer, "127.0.0.1", 0);
  gateway.listening();
  const server: RandomServer = {
    url: `ws://127.0.0.1:${port}`,
    gateway,
    surface,
    oracle: undefined,
    // All other log lines are dropped.
    defects: () => {
      defects.push(...lines.splice(0).filter(({ level }) => level === "error"));
      return defects.map(({ message, fields }) => `${message}: ${String(Object.values(fields ?? {})[0])}`);
    },
    shedSealed: () => gateway.feeds.round(systemClock.now() + smallLimits.sealedLogKeptMs),
    async stop() {
      const closed = unlisten(httpServer);
      gateway.stop();
      cut();
      await within(closed, "the server to close");
      await eventually(() => gateway.connections.size === 0, "the sockets to be released");
    },
  };
  return server;
}

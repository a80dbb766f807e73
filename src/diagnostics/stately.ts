// The Stately inspector, for those who like its page better than ours: starts the official relay on this machine and
// feeds it the gateway and the actors chosen. Must never reach an actor with an error of its own: it ends instead.

import type { AnyActorRef } from "xstate";
import type { Limits } from "../limits.ts";
import type { Logger } from "../ports/logger.ts";
import type { ActorRegistry } from "../runtime/actor-registry.ts";
import type { Clock } from "../runtime/clock.ts";
import { hostAndPort, ListenError } from "../runtime/listen.ts";
import type { Inspection, InspectionFilter } from "./inspection.ts";
import { Bridge } from "./stately/bridge.ts";
import { Disclosure, type Payloads } from "./stately/disclosure.ts";
import { StatelyThread } from "./stately/thread.ts";

export interface StatelyOptions {
  /** The gateway, as far as it is looked at. */
  gateway: { root: AnyActorRef; actors: ActorRegistry; inspection: Inspection };
  /** Which actors it is fed; the gateway itself always. */
  filter: InspectionFilter;
  /** Where the relay listens: 127.0.0.1 (the default), ::1 or localhost. */
  host?: string;
  /** Of the relay; 0: any free one. */
  port?: number;
  /** Is what people wrote, and what was answered, told as well? */
  payloads: Payloads;
  logger: Logger;
  clock: Clock;
  limits: Limits;
}

export interface StatelyInspector {
  /** Where the relay is, as `ws://HOST:PORT`. */
  address: string;
  /** What to open in a browser on this machine. */
  url: string;
  /** Ends the relay with all its pages; nothing is left of it. Never rejects. */
  stop(): Promise<void>;
}

/** The thread has so long to open its relay, and to end. */
const threadMs = 10_000;
/** The relay's own default, which its documentation names. */
const defaultPort = 8_080;
/** The relay's page asks for its WebSocket at `localhost`, wherever it was loaded from. */
const hosts: readonly string[] = ["127.0.0.1", "::1", "localhost"];

/**
 * Resolves when the relay listens and everything that is there is on its way to it.
 * @throws ListenError: one sentence for the person who started it.
 */
export async function startStately(options: StatelyOptions): Promise<StatelyInspector> {
  const { gateway, filter, host = "127.0.0.1", port: wanted = defaultPort, payloads, logger, clock, limits } = options;
  const { root, actors, inspection } = gateway;
  if (!hosts.includes(host))
    throw new ListenError(
      `the Stately inspector cannot listen on ${host}: its page only reaches localhost; give 127.0.0.1 or ::1`,
    );

  let thread: StatelyThread | undefined;
  let bridge: Bridge | undefined;
  let stopObserving = (): void => {};
  const stop = async (): Promise<void> => {
    stopObserving();
    bridge?.end();
    await thread?.stop();
  };
  /** What fails here ends the inspector, and nothing else. */
  const guard = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      logger.error("stately: the inspector failed and has ended", { error });
      void stop();
    }
  };
  const opened = await StatelyThread.open({
    relay: { host, port: wanted, rootId: root.sessionId, viewerBytesMax: limits.statelyViewerBytesMax },
    waitingMax: limits.statelyWaitingMax,
    deadlineMs: threadMs,
    ...{ clock, logger, guard },
    viewerCame: () => bridge?.viewerCame(),
    caughtUp: () => bridge?.retell(),
    died: (reason) => {
      logger.error("stately: the inspector's thread has ended", { reason });
      void stop();
    },
  });
  const { port } = opened;
  thread = opened.thread;
  const bridging = new Bridge({
    ...{ root, actors, filter, clock, guard },
    disclosure: new Disclosure(payloads, limits.inspectedPayloadCharactersMax),
    sink: opened.thread,
    actorsPerLoopTurn: limits.statelyActorsPerLoopTurn,
  });
  bridge = bridging;
  // Without a filter of its own: the bridge lets the gateway through whatever is chosen.
  stopObserving = inspection.inspectRaw((event) => guard(() => bridging.observe(event)));
  guard(() => bridging.retell());

  const address = `ws://${hostAndPort(host, port)}`;
  const url = `http://localhost:${port}`;
  logger.info(`the Stately inspector: open ${url} in a browser on this machine`, {
    relay: address,
    page: "loaded by the browser from https://stately.ai/inspect",
    payloads,
  });
  return { address, url, stop };
}

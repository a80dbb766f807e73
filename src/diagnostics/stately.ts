// The Stately inspector, an alternative to our own page: starts the official relay on this machine and feeds it the
// gateway and the selected actors. Must never pass an error of its own to an actor: on a failure it ends itself.

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
  /** The parts of the gateway that are inspected. */
  gateway: { root: AnyActorRef; actors: ActorRegistry; inspection: Inspection };
  /** The actors to show. The gateway itself is always shown. */
  filter: InspectionFilter;
  /** Where the relay listens: 127.0.0.1 (the default), ::1 or localhost. */
  host?: string;
  /** The relay's port; 0 takes any free one. */
  port?: number;
  /** "full" also shows users' texts and the answers. */
  payloads: Payloads;
  logger: Logger;
  clock: Clock;
  limits: Limits;
}

export interface StatelyInspector {
  /** The relay's address, as `ws://HOST:PORT`. */
  address: string;
  /** What to open in a browser on this machine. */
  url: string;
  /** Ends the relay and disconnects its pages. Never rejects. */
  stop(): Promise<void>;
}

/** Deadline for the thread to open its relay, and for it to end. */
const threadMs = 10_000;
/** The relay's documented default. */
const defaultPort = 8_080;
/** The relay's page always connects to `localhost`, wherever it was loaded from. */
const hosts: readonly string[] = ["127.0.0.1", "::1", "localhost"];

/**
 * Resolves when the relay listens and the existing actors are on their way to it.
 * @throws ListenError with one sentence for the operator.
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
  /** An error in `run` ends the inspector and nothing else. */
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
    caughtUp: () => bridge?.resend(),
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
  // No filter here: the bridge filters, and always lets the gateway through.
  stopObserving = inspection.inspectRaw((event) => guard(() => bridging.observe(event)));
  guard(() => bridging.resend());

  const address = `ws://${hostAndPort(host, port)}`;
  const url = `http://localhost:${port}`;
  logger.info(`the Stately inspector: open ${url} in a browser on this machine`, {
    relay: address,
    page: "loaded by the browser from https://stately.ai/inspect",
    payloads,
  });
  return { address, url, stop };
}

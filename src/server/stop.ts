// How a gateway with its ports comes to its end, in a process as in a host: announced, its turns ended, its sockets
// closed, and then all that is left, in the order in which one part stands on the other.
import type { Server } from "node:http";
import type { Gateway } from "../gateway/gateway.ts";
import type { Limits } from "../limits.ts";
import { trackConnections, unlisten } from "../runtime/listen.ts";
import type { Transport } from "../transport/ws-transport.ts";

export interface StoppableParts {
  gateway: Gateway;
  transport: Transport;
  servers: readonly Server[];
  limits: Pick<Limits, "reconnectAfterMs">;
  /** Gives running turns so long; resolves when all are sealed. Called again with less time, it hurries. */
  endTurns?(deadlineMs: number): Promise<void>;
  /** Called when every socket has been closed. */
  socketsClosed?(): void;
  /** Resolves when HTTP answers that are under way have left, or for so long. */
  answersSent?(): Promise<void>;
  /** Called when the gateway has stopped: ends what stands behind its ports. */
  gatewayStopped?(): Promise<void> | void;
}

export class StopSequence {
  readonly #parts: StoppableParts;
  readonly #cutConnections: (() => void)[];
  #stopping: Promise<void> | undefined;

  /** Notes the TCP connections of the servers from now on. */
  constructor(parts: StoppableParts) {
    this.#parts = parts;
    this.#cutConnections = parts.servers.map(trackConnections);
  }

  /** Turns get so long, sockets are closed with 1012 (protocol 2, `server.draining`). Called again, it hurries. */
  drain(deadlineMs: number): Promise<void> {
    const { gateway, endTurns } = this.#parts;
    if (this.#stopping) {
      void endTurns?.(0);
      gateway.hurry();
    }
    this.#stopping ??= this.#drain(deadlineMs);
    return this.#stopping;
  }

  /** Ends everything at once. */
  async end(): Promise<void> {
    const { gateway, transport, servers, gatewayStopped } = this.#parts;
    const closed = servers.map(unlisten);
    gateway.stop();
    const stopped = gatewayStopped?.();
    for (const cut of this.#cutConnections) cut();
    transport.stop();
    await Promise.all([...closed, stopped]);
  }

  async #drain(deadlineMs: number): Promise<void> {
    const { gateway, limits, endTurns, socketsClosed, answersSent } = this.#parts;
    gateway.drain(deadlineMs, limits.reconnectAfterMs);
    await endTurns?.(deadlineMs);
    await Promise.all([gateway.closeSockets().then(socketsClosed), answersSent?.()]);
    await this.end();
  }
}

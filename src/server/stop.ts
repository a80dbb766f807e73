// Stops a gateway and the parts around it, in a process or a host: announces the stop, ends turns, closes sockets, then
// ends the rest in the order of their dependencies.
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
  /** Called when every socket has been closed. */
  socketsClosed?(): void;
  /** Resolves when HTTP responses in progress have been sent, or after a deadline. */
  answersSent?(): Promise<void>;
  /** Called when the gateway has stopped: ends the implementations of its ports. */
  gatewayStopped?(): Promise<void> | void;
}

export class StopSequence {
  readonly #parts: StoppableParts;
  readonly #cutConnections: (() => void)[];
  #stopping: Promise<void> | undefined;

  /** Tracks the TCP connections of the servers from now on. */
  constructor(parts: StoppableParts) {
    this.#parts = parts;
    this.#cutConnections = parts.servers.map(trackConnections);
  }

  /**
   * Gives running turns until the deadline, then closes sockets with 1012 (protocol 2, `server.draining`). A second
   * call ends the turns and closes the sockets at once.
   */
  drain(deadlineMs: number): Promise<void> {
    if (this.#stopping) this.#parts.gateway.hurry();
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
    const { gateway, limits, socketsClosed, answersSent } = this.#parts;
    const drained = gateway.drain(deadlineMs, limits.reconnectAfterMs).then(socketsClosed);
    await Promise.all([drained, gateway.turnsEnded().then(answersSent)]);
    await this.end();
  }
}

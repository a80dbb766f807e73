// The whole gateway in memory: real actors, watches, feeds and writers, a simulated clock, scripted ports, and sockets
// whose reading the test controls. Must never let a defect pass: stop() fails on every unexpected error in the log.
import * as assert from "uvu/assert";
import type { SocketListener } from "../../src/egress/socket.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import { type Limits, limits } from "../../src/limits.ts";
import { type Logger, tolerantLogger } from "../../src/ports/logger.ts";
import type { Broadcast } from "../../src/protocol/broadcast.ts";
import { type Message, type Transcript, transcriptOf } from "./client/transcript.ts";
import { SimulatedClock } from "./clock.ts";
import { FakeHost } from "./host.ts";
import { asPort, ScriptedOrchestrator } from "./scripted-orchestrator.ts";
import { registryOf, type ScriptedSurface } from "./scripted-surfaces.ts";
import { MemorySocket } from "./socket.ts";

export interface MemoryClient {
  readonly socket: MemorySocket;
  /** Sends a message and runs all deferred work. */
  send(message: object): void;
  /** Sends a message without running deferred work. */
  post(message: object): void;
  /** Answers the oldest `count` pings, by default all. */
  pong(count?: number): void;
  /** Simulates the loss of the TCP connection. */
  vanish(): void;
  transcript(conversationId?: string): Transcript;
  /** The messages received since the last call. */
  take(): Message[];
}

export interface MemoryGatewayOptions {
  limits?: Partial<Limits>;
  surfaces?: ScriptedSurface[];
  /** Replaces methods of the logger. A method that throws simulates a defect. */
  logger?: Partial<Logger>;
}

export class MemoryGateway {
  readonly clock = new SimulatedClock();
  readonly orchestrator = new ScriptedOrchestrator();
  readonly host = new FakeHost();
  readonly gateway: Gateway;
  #announce: (broadcast: Broadcast) => void = () => {};

  constructor(options: MemoryGatewayOptions = {}) {
    this.gateway = new Gateway({
      clock: this.clock,
      logger: { ...tolerantLogger(this.host.logger), ...options.logger },
      limits: { ...limits, ...options.limits },
      surfaces: registryOf(options.surfaces ?? []),
      eventProfile: "full",
      ports: () => ({
        orchestrator: asPort(this.orchestrator),
        broadcasts: {
          subscribe: (listener) => {
            this.#announce = listener;
            return () => {
              this.#announce = () => {};
            };
          },
        },
      }),
    });
    this.gateway.listening();
  }

  announce(broadcast: Broadcast): void {
    this.#announce(broadcast);
  }

  /** Connects a socket that answers every ping at once or, with reads: false, when the test calls pong(). */
  join({ reads = true } = {}): MemoryClient {
    const socket = new MemorySocket();
    const listener = this.gateway.accept(socket);
    if (!listener) throw new Error("the gateway turned the socket away");
    const client = this.#client(socket, listener);
    if (reads) socket.onPing = () => this.clock.defer(() => client.pong());
    // A peer that reads answers the close frame. A cut connection is gone in any case.
    socket.onEnd = () => {
      if (reads || socket.wasCut) this.clock.defer(() => listener.closed());
    };
    this.clock.settle();
    return client;
  }

  #client(socket: MemorySocket, listener: SocketListener): MemoryClient {
    const post = (message: object): void => listener.message(Buffer.from(JSON.stringify(message)));
    return {
      socket,
      post,
      send: (message) => {
        post(message);
        this.clock.settle();
      },
      pong: (count) => socket.answer((payload) => listener.pong(payload), count),
      vanish: () => {
        listener.closed();
        this.clock.settle();
      },
      transcript: (conversationId = "c") => transcriptOf(socket.messages(), conversationId),
      take: () => socket.take(),
    };
  }

  /** Runs all deferred work. */
  settle(): void {
    this.clock.settle();
  }

  /** Stops the gateway and checks that nothing is left: no timer, subscription, actor or unexpected defect. */
  stop(defects: string[] = []): void {
    this.gateway.stop();
    this.clock.settle();
    assert.equal(
      this.host.lines.filter(({ level }) => level === "error").map(({ message }) => message),
      defects,
    );
    assert.is(this.clock.pending, 0, "timers are left");
    assert.is(this.orchestrator.subscriptions(), 0, "subscriptions are left");
    for (const kind of ["connection", "watch", "surface"])
      assert.is(this.gateway.actors.count(kind), 0, `actors are left: ${kind}`);
  }
}

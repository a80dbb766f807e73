// The whole gateway in memory: real actors, watches, feeds and writers over a clock that stands still, with scripted
// ports and sockets that read only when a test says so. Must never let a defect pass: what is logged as one is thrown.
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
  /** Sends a message and lets everything come to rest. */
  send(message: object): void;
  /** Sends it and lets nothing happen yet. */
  post(message: object): void;
  /** Answers the oldest pings, all of them without a count. */
  pong(count?: number): void;
  /** The TCP connection is gone. */
  vanish(): void;
  transcript(conversationId?: string): Transcript;
  /** What has come since the last time. */
  take(): Message[];
}

export interface MemoryGatewayOptions {
  limits?: Partial<Limits>;
  surfaces?: ScriptedSurface[];
  /** In place of a method of the logger; may throw, which is a defect. */
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

  /** A socket, which answers every ping at once or (reads: false) when the test says so. */
  join({ reads = true } = {}): MemoryClient {
    const socket = new MemorySocket();
    const listener = this.gateway.accept(socket);
    if (!listener) throw new Error("the socket was turned away");
    const client = this.#client(socket, listener);
    if (reads) socket.onPing = () => this.clock.defer(() => client.pong());
    // A peer that reads answers the close frame; one that is cut is gone.
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

  /** Lets everything come to rest. */
  settle(): void {
    this.clock.settle();
  }

  /** Ends it, and proves that nothing is left of it: no timer, no subscription, no actor, no unexpected defect. */
  stop(defects: string[] = []): void {
    this.gateway.stop();
    this.clock.settle();
    assert.equal(
      this.host.lines.filter(({ level }) => level === "error").map(({ message }) => message),
      defects,
    );
    assert.is(this.clock.pending, 0, "timers are left");
    assert.is(this.orchestrator.subscriptions(), 0, "subscriptions are left");
    for (const kind of ["connection", "watch", "surface", "surface-watch"])
      assert.is(this.gateway.actors.count(kind), 0, `actors are left: ${kind}`);
  }
}

// Puts the gateway together: the root actor, the sockets, the watches, the surfaces and the news. It knows
// conversations and surfaces only through their ports, so that a process and a host's extension differ only in what
// stands behind them.

import { type Actor, type AnyActorRef, createActor } from "xstate";
import { gatewayMachine } from "../../machines/gateway.ts";
import { Authoriser, anyone } from "../access/authoriser.ts";
import { TurnQuota } from "../access/turn-quota.ts";
import type { Services } from "../connections/actions/services.ts";
import { Connections } from "../connections/connections.ts";
import { Idempotency } from "../connections/idempotency.ts";
import { Subscriptions } from "../connections/subscriptions.ts";
import type { GatewayCounts } from "../diagnostics/counts.ts";
import { Directory } from "../diagnostics/inspection/directory.ts";
import { Inspection, type InspectionFilter, type InspectionObserver } from "../diagnostics/inspection.ts";
import type { Caller, Socket, SocketListener } from "../egress/socket.ts";
import type { Limits } from "../limits.ts";
import type { Authorisation, Identity } from "../ports/authorisation.ts";
import type { Broadcasts } from "../ports/broadcasts.ts";
import type { TurnProgress } from "../ports/conversations.ts";
import { GuardedOrchestrator } from "../ports/guarded-orchestrator.ts";
import type { IdempotencyKeys } from "../ports/idempotency.ts";
import type { Logger } from "../ports/logger.ts";
import type { Orchestrator } from "../ports/orchestrator.ts";
import type { SurfaceRegistry } from "../ports/surfaces.ts";
import type { Broadcast } from "../protocol/broadcast.ts";
import { closes } from "../protocol/closes.ts";
import type { EventProfile } from "../protocol/event-profile.ts";
import { encodeKept } from "../protocol/frame.ts";
import { createHello } from "../protocol/hello.ts";
import { ActorRegistry } from "../runtime/actor-registry.ts";
import type { Clock } from "../runtime/clock.ts";
import { DispatchQueue } from "../runtime/dispatch-queue.ts";
import { Sweep } from "../runtime/sweep.ts";
import { Feeds } from "../streams/feeds.ts";
import { Watches } from "../streams/watches.ts";
import { Surfaces } from "../surfaces/surfaces.ts";
import { Broadcaster } from "./broadcaster.ts";
import { Drainer } from "./drainer.ts";

/** What stands behind the ports and lives in the gateway's actor system is adopted through this. */
export interface Supervision {
  parent: AnyActorRef;
  registry: ActorRegistry;
}

export interface GatewayPorts {
  orchestrator: Orchestrator;
  broadcasts: Broadcasts;
  /** Where the orchestrator keeps idempotency keys itself; else the gateway keeps them in memory. */
  idempotency?: IdempotencyKeys;
  /** Its own limits that can hit a client, for `hello`. */
  limits?: Record<string, number>;
  /** For those who look: how far the running turn of a conversation is. Must not throw. */
  progress?(conversationId: string): TurnProgress | undefined;
}

export interface GatewayOptions {
  clock: Clock;
  logger: Logger;
  limits: Limits;
  surfaces: SurfaceRegistry;
  eventProfile: EventProfile;
  /** Who may do what, beside what scopes say; without it whoever is let in may do all that its scope allows. */
  authorisation?: Authorisation | undefined;
  /** Called once, with the root actor running. */
  ports: (supervision: Supervision) => GatewayPorts;
}

export class Gateway {
  readonly actors: ActorRegistry;
  readonly connections: Connections;
  readonly feeds: Feeds;
  readonly root: Actor<typeof gatewayMachine>;
  /** Who there is, for those who look. */
  readonly directory: Directory;
  readonly inspection: Inspection;
  readonly authoriser: Authoriser;
  readonly quota: TurnQuota;
  readonly #options: GatewayOptions;
  readonly #surfaces: Surfaces;
  readonly #sweep: Sweep;
  readonly #broadcaster: Broadcaster;
  readonly #endBroadcasts: () => void;
  readonly #drainer: Drainer;
  #isHurried = false;
  #catalogFrame: Buffer | undefined;
  #draining: { deadlineMs: number; reconnectAfterMs: number } | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(options: GatewayOptions) {
    const { clock, logger, limits, surfaces: registry, eventProfile } = options;
    this.#options = options;
    this.actors = new ActorRegistry(clock);
    const dispatchQueue = new DispatchQueue(clock, limits, limits.dispatchesPerLoopTurn);
    const authoriser = new Authoriser(options.authorisation, logger);
    this.authoriser = authoriser;
    const parts = { actors: this.actors, dispatchQueue, clock, limits, logger };
    const parent = (): AnyActorRef => this.root;
    this.root = createActor(this.#machine(), { clock, id: "gateway" });
    this.root.subscribe({ error: (error) => logger.error("gateway: defect", { error }) });
    const { root, actors } = this;
    this.inspection = new Inspection({ root, clock, logger });
    const connection = (id: string) => this.connections.get(id);
    this.directory = new Directory({
      root,
      actors,
      connection,
      connections: () => this.connections.all(),
      progress: (id) => ports.progress?.(id),
      clock,
    });

    const watches: Watches = new Watches({ ...parts, feeds: () => this.feeds });
    this.#surfaces = new Surfaces({ ...parts, registry, parent });
    const subscriptions = new Subscriptions({ ...parts, surfaces: this.#surfaces, watches });
    const services = (): Services => ({
      orchestrator,
      quota,
      authoriser,
      idempotency,
      feeds: this.feeds,
      surfaces: this.#surfaces,
      watches,
      subscriptions,
      limits,
      logger,
    });
    this.connections = new Connections({
      ...parts,
      parent,
      services,
      authoriser,
      catalogFrame: () => this.#catalog(),
      helloFrame: (connectionId) => hello(connectionId),
      released: () => this.#reportEmpty(),
    });
    this.#broadcaster = new Broadcaster(
      clock,
      limits,
      () => this.connections.all(),
      () => this.connections.serial,
      authoriser,
    );
    this.#drainer = new Drainer(clock, limits);
    this.root.start();
    const ports = options.ports({ parent: this.root, registry: this.actors });
    const orchestrator = new GuardedOrchestrator(ports.orchestrator, logger, () => this.feeds.refusal());
    const quota = new TurnQuota(limits, (conversationId) => orchestrator.isActive(conversationId));
    this.quota = quota;
    const idempotency = new Idempotency(ports.idempotency, clock, limits);
    const hello = createHello(limits, ports.limits ?? {});
    const ownerFor = (conversationId: string) => watches.turnSignals(conversationId);
    this.feeds = new Feeds({ orchestrator, clock, limits, eventProfile, ownerFor });
    this.#endBroadcasts = ports.broadcasts.subscribe((broadcast) =>
      this.root.send({ type: "broadcast.made", broadcast }),
    );
    this.#sweep = new Sweep(clock, limits, [
      this.connections.round,
      this.feeds.round,
      // A catalog is only compared while somebody could hear of its change.
      (now) => this.connections.size > 0 && this.#surfaces.round(now),
    ]);
    this.#surfaces.follow(() => this.root.send({ type: "catalog.changed" }));
  }

  /** The ports of the server are open: sockets are taken from now on. */
  listening(): void {
    this.root.send({ type: "gateway.listening" });
  }

  /**
   * Takes a socket in, or turns it away when the gateway does not listen; then there is nothing to tell it.
   */
  accept(socket: Socket, { subprotocol = "", identity = anyone }: Partial<Caller> = {}): SocketListener | undefined {
    let listener: SocketListener | undefined;
    const adopt = (): void => {
      listener = this.connections.accept(socket, { subprotocol, identity });
      this.#sweep.start();
    };
    const turnAway = (): void => socket.close(closes.restart.code, closes.restart.reason);
    this.root.send({ type: "socket.opened", offer: { adopt, turnAway } });
    return listener;
  }

  /**
   * Closes one socket with 1001, for whoever has a reason to; its client comes back and goes on where it was.
   * @returns false when there is no such socket, or it is closing already.
   */
  disconnect(connectionId: string): boolean {
    const connection = this.connections.get(connectionId);
    if (!connection || connection.writer.ended) return false;
    connection.tell("connection.close");
    return true;
  }

  /** Closes every socket whose identity is not good any more with 4502. */
  revoke(isGood: (identity: Identity) => boolean): void {
    this.connections.revoke(isGood);
    this.quota.revoke(isGood);
  }

  /** Announces a stop to every socket and takes no new ones; the turns are the caller's to end. */
  drain(deadlineMs: number, reconnectAfterMs: number): void {
    this.#draining = { deadlineMs, reconnectAfterMs };
    this.root.send({ type: "gateway.drain" });
  }

  /** Closes every socket with 1012; resolves when all have gone, those that do not answer after limits.closingMs. */
  closeSockets(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      this.root.send({ type: "gateway.drained" });
      this.#reportEmpty();
    });
  }

  /** Those sockets that closeSockets still has to close are closed at once. */
  hurry(): void {
    this.#isHurried = true;
    this.#drainer.hurry();
  }

  /** Ends everything that is left: timers, subscriptions, actors. Cuts sockets that are still open. */
  stop(): void {
    this.#sweep.stop();
    this.#drainer.hurry();
    this.#endBroadcasts();
    this.connections.cutAll();
    this.#broadcaster.stop();
    this.#surfaces.stop();
    this.feeds.stop();
    this.root.send({ type: "gateway.stop" });
  }

  /**
   * Tells the observer what happens to the actors that fit the filter, while they run: every event with the transitions
   * taken and the states reached. Costs every event of every actor 3–4 µs while somebody looks, and nothing otherwise.
   * @param observer is called in the middle of things: it must be quick and call nothing of the gateway. When it
   * throws, that is logged and it is not called again.
   * @returns what ends it.
   */
  inspect(observer: InspectionObserver, filter?: InspectionFilter): () => void {
    return this.inspection.inspect(observer, filter);
  }

  counts(): GatewayCounts {
    const { logs, bytes, largestBytes, latenessMs } = this.feeds.measure();
    return {
      ...this.connections.measure(),
      sockets: this.connections.size,
      watches: this.actors.count("watch"),
      surfaces: this.actors.count("surface"),
      events: this.feeds.eventsTaken,
      logs,
      logBytes: bytes,
      largestLogBytes: largestBytes,
      latenessMs,
    };
  }

  /** The actions of the root. None may throw: that would end the gateway. */
  #machine(): typeof gatewayMachine {
    const { logger } = this.#options;
    const act =
      <Arguments>(run: (argument: Arguments) => void) =>
      (argument: Arguments): void => {
        try {
          run(argument);
        } catch (error) {
          logger.error("gateway: defect", { error });
        }
      };
    return gatewayMachine.provide({
      actions: {
        adopt: act(({ event }) => event.type === "socket.opened" && event.offer.adopt()),
        turnAway: act(({ event }) => event.type === "socket.opened" && event.offer.turnAway()),
        fanOut: act(({ event }) => event.type === "broadcast.made" && this.#fanOut(event.broadcast)),
        announceCatalog: act(() => {
          this.#catalogFrame = undefined;
          this.#broadcaster.announce({ type: "catalog", catalog: this.#surfaces.catalog() });
        }),
        announceDraining: act(() => {
          if (this.#draining) this.#broadcaster.announce({ type: "server.draining", ...this.#draining });
        }),
        // Behind what was announced and what turns have said: each socket hears that the server is draining, and its
        // turns' ends, before it is closed.
        closeSockets: act(() =>
          this.#broadcaster.whenIdle(() =>
            this.feeds.whenWritten(() => {
              this.#drainer.begin(this.connections.all());
              if (this.#isHurried) this.#drainer.hurry();
            }),
          ),
        ),
      },
    });
  }

  #fanOut(broadcast: Broadcast): void {
    if (broadcast.type === "conversation.compacted")
      this.authoriser.archived(broadcast.conversationId, broadcast.newConversationId);
    this.#broadcaster.announce(broadcast, broadcast.conversationId);
    if (broadcast.type === "conversation.statusChanged" && broadcast.status === "active")
      this.feeds.turnBegins(broadcast.conversationId);
  }

  #catalog(): Buffer {
    if (!this.#surfaces.announcesChanges) this.#catalogFrame = undefined;
    this.#catalogFrame ??= encodeKept(JSON.stringify({ type: "catalog", catalog: this.#surfaces.catalog() }));
    return this.#catalogFrame;
  }

  #reportEmpty(): void {
    if (this.#onEmpty && this.connections.size === 0) {
      const resolve = this.#onEmpty;
      this.#onEmpty = undefined;
      resolve();
    }
  }
}

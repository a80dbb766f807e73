// Puts the gateway together: the root actor, sockets, watches, surfaces and broadcasts. It knows conversations and
// surfaces only through their ports, so the server process and the host extension differ only in what implements them.
import { type Actor, createActor, enqueueActions, waitFor } from "xstate";
import { gatewayMachine } from "../../machines/gateway.ts";
import { Authoriser, anyone } from "../access/authoriser.ts";
import { TurnQuota } from "../access/turn-quota.ts";
import type { Connection } from "../connections/connection.ts";
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
import type { Orchestrator, Refused } from "../ports/orchestrator.ts";
import type { SurfaceRegistry } from "../ports/surfaces.ts";
import type { Broadcast } from "../protocol/broadcast.ts";
import { closes } from "../protocol/closes.ts";
import type { EventProfile } from "../protocol/event-profile.ts";
import { encodeKept } from "../protocol/frame.ts";
import { createHello } from "../protocol/hello.ts";
import { ActorRegistry, type SupervisedConversations, type Supervision } from "../runtime/actor-registry.ts";
import type { Clock } from "../runtime/clock.ts";
import { DispatchQueue } from "../runtime/dispatch-queue.ts";
import { Sweep } from "../runtime/sweep.ts";
import type { Feed } from "../streams/feed.ts";
import { Feeds } from "../streams/feeds.ts";
import { LogBudget } from "../streams/log-budget.ts";
import { Watches } from "../streams/watches.ts";
import { Surfaces } from "../surfaces/surfaces.ts";
import { Broadcaster } from "./broadcaster.ts";
import { DefectRate } from "./defect-rate.ts";
import { Drainer } from "./drainer.ts";

export interface GatewayPorts {
  orchestrator: Orchestrator;
  broadcasts: Broadcasts;
  /** For an orchestrator that stores idempotency keys itself. Without it the gateway keeps them in memory. */
  idempotency?: IdempotencyKeys;
  /** The orchestrator's limits that a client can reach, for `hello`. */
  limits?: Record<string, number>;
  /**
   * Waits up to deadlineMs for running turns, then ends the rest. A second call with a shorter deadline takes effect.
   * Without it, the turns are not waited for.
   */
  drain?(deadlineMs: number): Promise<void>;
  /** Ends every actor and timer behind the ports. */
  close?(): void;
  /** For diagnostics: how far the running turn of a conversation is. Must not throw. */
  progress?(conversationId: string): TurnProgress | undefined;
}

/** What the gateway offers to the implementations of its ports. */
export interface PortsHost extends Supervision {
  /** True once a stop was requested: nothing new may begin. */
  isDraining(): boolean;
  /** Why no turn may begin now: the logs of running turns have used up their memory budget. */
  refusal(): Refused | undefined;
  /** How many sockets watch a conversation. */
  watchers(conversationId: string): number;
  /** Called once, by ports whose conversations are actors. The root decides what becomes of one that has failed. */
  supervise(conversations: SupervisedConversations): void;
}

export interface GatewayOptions<Ports extends GatewayPorts> {
  clock: Clock;
  logger: Logger;
  limits: Limits;
  surfaces: SurfaceRegistry;
  eventProfile: EventProfile;
  /** Decides beside the scopes who may do what. Without it a client may do all that its scope allows. */
  authorisation?: Authorisation | undefined;
  /** Called once, with the root actor running. */
  ports: (host: PortsHost) => Ports;
}

/** A socket that was upgraded, and the listener that it gets when it is adopted. */
interface Offer {
  socket: Socket;
  caller: Caller;
  listener: SocketListener | undefined;
}

export class Gateway<Ports extends GatewayPorts = GatewayPorts> {
  readonly actors: ActorRegistry;
  readonly connections: Connections;
  readonly feeds: Feeds;
  readonly root: Actor<typeof gatewayMachine>;
  /** The result of options.ports. */
  readonly ports: Ports;
  /** All actors, for diagnostics. */
  readonly directory: Directory;
  readonly inspection: Inspection;
  readonly authoriser: Authoriser;
  readonly quota: TurnQuota;
  readonly #logger: Logger;
  readonly #limits: Limits;
  readonly #surfaces: Surfaces;
  readonly #sweep: Sweep;
  readonly #broadcaster: Broadcaster;
  readonly #endBroadcasts: () => void;
  readonly #drainer: Drainer<Connection>;
  #catalogFrame: Buffer | undefined;
  readonly #defects: DefectRate;
  #conversations: SupervisedConversations | undefined;
  /** Upgraded sockets that the root has not decided about yet, by the number in its event. */
  readonly #offers = new Map<number, Offer>();
  #newestOffer = 0;
  /** What ends the actors that are left, in this order. */
  readonly #ends = {
    cutSockets: () => this.connections.cutAll(),
    endSurfaces: () => this.#surfaces.stop(),
    endFeeds: () => this.feeds.stop(),
    closePorts: () => this.ports.close?.(),
  };

  constructor(options: GatewayOptions<Ports>) {
    const { clock, logger, limits, eventProfile } = options;
    this.#logger = logger;
    this.#limits = limits;
    this.#defects = new DefectRate(clock);
    const actors = new ActorRegistry(clock);
    const root = createActor(this.#machine(), { clock, id: "gateway" });
    root.subscribe({ error: (error) => logger.error("gateway: defect", { error }) });
    root.start();
    this.actors = actors;
    this.root = root;
    this.inspection = new Inspection({ root, clock, logger });
    this.authoriser = new Authoriser(options.authorisation, logger);
    const { authoriser } = this;

    const feeds = new Map<string, Feed>();
    const budget = new LogBudget(feeds, clock, limits);
    const ports = options.ports({
      parent: root,
      registry: actors,
      isDraining: () => this.isDraining,
      refusal: () => budget.refusal(),
      watchers: (conversationId) => feeds.get(conversationId)?.watchers.size ?? 0,
      supervise: (conversations) => {
        this.#conversations = conversations;
      },
    });
    this.ports = ports;
    const orchestrator = new GuardedOrchestrator(ports.orchestrator, logger, () => budget.refusal());
    this.quota = new TurnQuota(limits, (conversationId) => orchestrator.isActive(conversationId));

    const dispatchQueue = new DispatchQueue(clock, limits, limits.dispatchesPerLoopTurn);
    const parts = { actors, parent: root, dispatchQueue, clock, limits, logger, authoriser };
    this.feeds = new Feeds({ feeds, budget, orchestrator, clock, limits, eventProfile });
    this.#surfaces = new Surfaces({ ...parts, registry: options.surfaces });
    const watches = new Watches({ ...parts, feeds: this.feeds });
    const services = {
      orchestrator,
      quota: this.quota,
      authoriser,
      idempotency: new Idempotency(ports.idempotency, clock, limits),
      feeds: this.feeds,
      surfaces: this.#surfaces,
      watches,
      subscriptions: new Subscriptions({ ...parts, surfaces: this.#surfaces, watches }),
      limits,
      logger,
    };
    this.connections = new Connections({
      ...parts,
      services,
      catalogFrame: () => this.#catalog(),
      helloFrame: createHello(limits, ports.limits ?? {}),
      released: () => root.send({ type: "socket.gone" }),
    });
    this.#broadcaster = new Broadcaster(clock, limits, this.connections, authoriser);
    this.#drainer = new Drainer({
      ...{ clock, limits, sockets: () => this.connections.all() },
      onDue: () => root.send({ type: "wave.due" }),
    });
    this.directory = new Directory({
      root,
      actors,
      connections: this.connections,
      progress: (id) => ports.progress?.(id),
      clock,
    });
    this.#endBroadcasts = ports.broadcasts.subscribe((broadcast) => root.send({ type: "broadcast.made", broadcast }));
    this.#sweep = new Sweep(clock, limits, [
      this.connections.round,
      this.feeds.round,
      // The catalog is compared only while a socket is open that could receive its change.
      (now) => this.connections.size > 0 && this.#surfaces.round(now),
    ]);
    this.#surfaces.follow(() => root.send({ type: "catalog.changed" }));
  }

  /** Call when the server's ports are open: sockets are accepted from now on. */
  listening(): void {
    this.root.send({ type: "gateway.listening" });
  }

  /** True once a stop was requested, and after it. */
  get isDraining(): boolean {
    return !this.root.getSnapshot().hasTag("takesTurns");
  }

  /** Actors fail too often. */
  get isDegraded(): boolean {
    return this.root.getSnapshot().hasTag("degraded");
  }

  /** Why no socket is accepted at the moment, or undefined. */
  get closedBecause(): "draining" | "full" | undefined {
    if (this.isDraining) return "draining";
    return this.root.getSnapshot().hasTag("full") ? "full" : undefined;
  }

  /** Accepts a socket. When the gateway has no room for it, it closes the socket with 1012 and returns undefined. */
  accept(socket: Socket, { subprotocol = "", identity = anyone }: Partial<Caller> = {}): SocketListener | undefined {
    const number = ++this.#newestOffer;
    const offer: Offer = { socket, caller: { subprotocol, identity }, listener: undefined };
    this.#offers.set(number, offer);
    this.root.send({ type: "socket.opened", offer: number });
    this.#offers.delete(number);
    return offer.listener;
  }

  /**
   * Closes one socket with 1001. Its client reconnects and resumes where it was.
   * @returns false when there is no such socket, or it is closing already.
   */
  disconnect(connectionId: string): boolean {
    const connection = this.connections.get(connectionId);
    if (!connection || connection.writer.ended) return false;
    connection.tell("connection.close");
    return true;
  }

  /** Closes every socket whose identity is no longer valid with 4502. */
  revoke(isGood: (identity: Identity) => boolean): void {
    this.connections.revoke(isGood);
    this.quota.revoke(isGood);
  }

  /**
   * Announces a stop to every socket, accepts no new ones, ends the turns and closes the sockets with 1012. Resolves
   * when all have gone; one that does not answer is cut after closingMs.
   */
  async drain(deadlineMs: number, reconnectAfterMs: number): Promise<void> {
    this.root.send({ type: "gateway.drain", deadlineMs, reconnectAfterMs });
    await this.#reaches("drained");
  }

  /** Resolves when a drain has ended the turns. */
  async turnsEnded(): Promise<void> {
    await this.#reaches("turnsAreOver");
  }

  /** Resolves at once when the root has failed: then nothing is waited for. */
  async #reaches(tag: "turnsAreOver" | "drained"): Promise<void> {
    await waitFor(this.root, (state) => state.hasTag(tag)).catch(() => {});
  }

  /** Makes a drain end the running turns and close the remaining sockets at once. */
  hurry(): void {
    this.root.send({ type: "gateway.hurry" });
  }

  /** Ends what is left: timers, subscriptions and actors. Cuts sockets that are still open. */
  stop(): void {
    this.#sweep.stop();
    this.#endBroadcasts();
    this.#broadcaster.stop();
    this.#drainer.stop();
    this.root.send({ type: "gateway.stop" });
    // A root that has failed ends nothing.
    if (this.root.getSnapshot().status === "error") for (const end of Object.values(this.#ends)) this.#guarded(end);
  }

  /** See RunningServer.inspect (src/server/server.ts). */
  inspect(observer: InspectionObserver, filter?: InspectionFilter): () => void {
    return this.inspection.inspect(observer, filter);
  }

  counts(): GatewayCounts {
    return {
      ...this.connections.measure(),
      ...this.feeds.measure(),
      sockets: this.connections.size,
      watches: this.actors.count("watch"),
      surfaces: this.actors.count("surface"),
      events: this.feeds.eventsTaken,
    };
  }

  /** The actions and guards of the root. No action may throw: that would end the gateway. */
  #machine(): typeof gatewayMachine {
    const act =
      <Params>(run: (params: Params) => void) =>
      (_: unknown, params: Params): void =>
        this.#guarded(() => run(params));
    const kinds = ["connection", "surface", "conversation"];
    return gatewayMachine.provide({
      actions: {
        adopt: act((number) => {
          const offer = this.#offers.get(number);
          if (!offer) return;
          offer.listener = this.connections.accept(offer.socket, offer.caller);
          this.#sweep.start();
        }),
        turnAway: act((number) => this.#offers.get(number)?.socket.close(closes.restart.code, closes.restart.reason)),
        fanOut: act((broadcast) => this.#fanOut(broadcast)),
        announceCatalog: act(() => {
          this.#catalogFrame = undefined;
          this.#broadcaster.announce({ type: "catalog", catalog: this.#surfaces.catalog() });
        }),
        announceDraining: act(({ deadlineMs, reconnectAfterMs }) =>
          this.#broadcaster.announce({ type: "server.draining", deadlineMs, reconnectAfterMs }),
        ),
        endTurns: act((deadlineMs) => this.#endTurns(deadlineMs)),
        // Sockets are closed only after all announcements and turn events are written, so each receives
        // server.draining and the end of its turns first.
        planWaves: act(() => {
          this.#broadcaster.whenIdle(() => this.feeds.whenWritten(() => this.#drainer.begin()));
        }),
        closeWave: enqueueActions(({ enqueue }) => {
          for (const { actor } of this.#drainer.take()) if (actor) enqueue.sendTo(actor, { type: "gateway.draining" });
        }),
        hurryWaves: act(() => this.#drainer.hurry()),
        noteDefect: act(() => this.#defects.note()),
        restartConversation: act((conversationId) => this.#conversations?.restart(conversationId)),
        giveUpConversation: act((conversationId) => this.#conversations?.giveUp(conversationId)),
        cutSockets: act(this.#ends.cutSockets),
        endSurfaces: act(this.#ends.endSurfaces),
        endFeeds: act(this.#ends.endFeeds),
        closePorts: act(this.#ends.closePorts),
      },
      guards: {
        isLastWave: () => this.#drainer.isLastWave,
        isLastPlace: () => this.connections.size + 1 >= this.#limits.socketsMax,
        noSocketIsLeft: () => this.connections.size === 0,
        noChildIsLeft: () =>
          kinds.every((kind) => this.actors.count(kind) === 0) && (this.#conversations?.undecided ?? 0) === 0,
        defectsAreMany: () => this.#defects.isHighWithNext,
      },
    });
  }

  #endTurns(deadlineMs: number): void {
    const ended = (): void => this.root.send({ type: "turns.ended" });
    const { drain } = this.ports;
    // However the ports answer, the stop goes on.
    const draining = async (): Promise<void> => drain?.(deadlineMs);
    if (drain) void draining().then(ended, ended);
    else ended();
  }

  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#logger.error("gateway: defect", { error });
    }
  }

  #fanOut(broadcast: Broadcast): void {
    if (broadcast.type === "conversation.compacted")
      this.authoriser.archived(broadcast.conversationId, broadcast.newConversationId);
    this.#broadcaster.announce(broadcast, broadcast.conversationId);
    if (broadcast.type !== "conversation.statusChanged") return;
    if (broadcast.status === "active") this.feeds.turnBegins(broadcast.conversationId);
    else this.feeds.turnIsOver(broadcast.conversationId);
  }

  #catalog(): Buffer {
    if (!this.#surfaces.announcesChanges) this.#catalogFrame = undefined;
    this.#catalogFrame ??= encodeKept(JSON.stringify({ type: "catalog", catalog: this.#surfaces.catalog() }));
    return this.#catalogFrame;
  }
}

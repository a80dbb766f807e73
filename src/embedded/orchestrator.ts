// The built-in orchestrator: conversations and their turns, behind the same ports that an agent host implements. An
// agent's error must never make it throw, and it must never accept a turn that is not stored.
import type { TurnEnd } from "../../machines/turn.ts";
import type { Limits } from "../limits.ts";
import type { Agent, Tool } from "../ports/agent.ts";
import type { Broadcasts } from "../ports/broadcasts.ts";
import type { Conversations, TurnProgress } from "../ports/conversations.ts";
import type { IdempotencyKeys } from "../ports/idempotency.ts";
import type { Logger } from "../ports/logger.ts";
import type { Orchestrator, Refused } from "../ports/orchestrator.ts";
import type { Store } from "../ports/store.ts";
import type { Broadcast } from "../protocol/broadcast.ts";
import { conversationLimits } from "../protocol/hello.ts";
import type { SupervisedConversations, Supervision } from "../runtime/actor-registry.ts";
import { type Clock, sleep } from "../runtime/clock.ts";
import { agentEventReader } from "./orchestrator/agent-event.ts";
import type { Changes, OrchestratorChange, Services } from "./orchestrator/context.ts";
import { conversationsPort } from "./orchestrator/conversations-port.ts";
import { LiveConversations } from "./orchestrator/live-conversations.ts";
import { LoopTurnCounter } from "./orchestrator/loop-turn-counter.ts";
import { Models } from "./orchestrator/models.ts";
import { SettleQueue } from "./orchestrator/settle-queue.ts";
import { refused } from "./orchestrator/start-turn.ts";
import { storedEnd } from "./orchestrator/stored-end.ts";
import { Subscribers } from "./orchestrator/subscribers.ts";
import { TurnWatchdog } from "./orchestrator/turn-watchdog.ts";

/** What the orchestrator needs from the process around it. The gateway's PortsHost implements it. */
export interface OrchestratorHost extends Supervision {
  /** While true, no turn and no compaction starts. */
  isDraining(): boolean;
  /** A further reason why no turn may start now; undefined when there is none. */
  refusal?(): Refused | undefined;
  /** Called once. The root's chart decides what becomes of a conversation whose actor has failed. */
  supervise(conversations: SupervisedConversations): void;
  /** How many sockets watch a conversation. Without it every conversation counts as watched. */
  watchers?(conversationId: string): number;
}

export interface EmbeddedOrchestratorOptions {
  host: OrchestratorHost;
  store: Store;
  agents: Agent[];
  tools: Tool[];
  /** `<provider>/<model>`. */
  defaultModel: string;
  clock: Clock;
  logger: Logger;
  limits: Limits;
  /** A running turn is stopped after this time without a watcher. Without it such turns keep running. */
  orphanMs?: number | undefined;
}

export interface EmbeddedOrchestrator {
  orchestrator: Required<Orchestrator>;
  conversations: Required<Conversations>;
  broadcasts: Broadcasts;
  idempotency: IdempotencyKeys;
  /** The limits that a client can run into, as `hello` announces them. */
  limits: Record<string, number>;
  /** Stops the running turn, or only the turn with this id. No effect after its `done` (protocol 2, chat.cancel). */
  cancelTurn(conversationId: string, turnId?: string): { cancelled: boolean; turnId?: string };
  /** Replaces the agents and the default model, `<provider>/<model>`. Running turns keep theirs. */
  setAgents(agents: Agent[], defaultModel: string): void;
  /** Refuses new turns with this reason, until it is called with undefined. */
  setRefusing(reason: string | undefined): void;
  readonly refusing: string | undefined;
  /** How many turns have ended since the start, by how they ended. */
  readonly turnEnds: ReadonlyMap<TurnEnd, number>;
  /** How many turns are not sealed. */
  runningTurns(): number;
  /** How many running turns are stalled: their agents have been silent for limits.agentSilentMs. */
  stalledTurns(): number;
  /** A conversation's state by its name in the charts: idle, queued, closed, thinking, runningTools, … */
  activity(conversationId: string): string;
  /** The running turn's progress, and how the last one ended; undefined when nothing is known of any. */
  progress(conversationId: string): TurnProgress | undefined;
  /** Calls the listener after a change of anything that the built-in surfaces show. */
  subscribe: Changes;
  /**
   * Waits up to deadlineMs for running turns, then interrupts the rest. Resolves when all are sealed, or when sealing
   * has failed. Call it while host.isDraining() returns true; a second call with a shorter deadline takes effect.
   */
  drain(deadlineMs: number): Promise<void>;
  /** Ends every actor and timer and interrupts turns that still run. The store stays open. */
  close(): void;
}

export function createEmbeddedOrchestrator(options: EmbeddedOrchestratorOptions): EmbeddedOrchestrator {
  const { host, store, clock, logger, limits } = options;
  const settleQueue = new SettleQueue(logger);
  const broadcasts = new Subscribers<Broadcast>(settleQueue, logger);
  const changes = new Subscribers<OrchestratorChange>(settleQueue, logger);
  const models = new Models(options.agents, options.defaultModel, logger);
  const idleWaiters = new Set<() => void>();
  const turnEnds = new Map<TurnEnd, number>();
  let refusing: string | undefined;

  const refusal = (conversationId: string): Refused | undefined => {
    if (host.isDraining()) return refused("draining", "the server is about to stop and begins no new turns");
    if (refusing !== undefined) return refused("refusing-turns", refusing);
    // A turn for carried-over texts follows one that is already counted.
    if (live.get(conversationId)?.status === "active") return undefined;
    if (live.active.size >= limits.runningTurnsMax)
      return refused("too-many", `${limits.runningTurnsMax} turns are running, the maximum: try again later`);
    return host.refusal?.();
  };
  const services: Services = {
    store,
    models,
    tools: options.tools,
    clock,
    logger,
    limits,
    orphanMs: options.orphanMs ?? Number.POSITIVE_INFINITY,
    settleQueue,
    loopTurns: new LoopTurnCounter(clock),
    readAgentEvent: agentEventReader(limits),
    refusal,
    isDraining: () => host.isDraining(),
    broadcast: (broadcast) => broadcasts.tell(broadcast),
    turnEnded: (end) => turnEnds.set(end, (turnEnds.get(end) ?? 0) + 1),
    changed: (change) => changes.tell(change),
  };
  const live = new LiveConversations(host, services, () => {
    if (live.active.size === 0) watchdog.stop();
    else watchdog.start();
    if (idleWaiters.size > 0 && !isBusy()) for (const wake of idleWaiters) wake();
  });
  const watchdog = new TurnWatchdog({
    ...services,
    active: live.active,
    watchers: (conversationId) => host.watchers?.(conversationId) ?? 1,
  });
  const isBusy = (): boolean => live.all().some((conversation) => conversation.isBusy);

  host.supervise(live);
  wakeAfterStart(store, live);

  const cancelTurn = (conversationId: string, turnId?: string): { cancelled: boolean; turnId?: string } => {
    const cancelled = live.get(conversationId)?.cancel(turnId);
    return cancelled === undefined ? { cancelled: false } : { cancelled: true, turnId: cancelled };
  };

  /** Resolves when no turn and no compaction runs, or after limitMs. */
  const whenIdle = async (limitMs: number): Promise<void> => {
    if (!isBusy() || limitMs <= 0) return;
    const idle = new AbortController();
    const wake = (): void => idle.abort();
    idleWaiters.add(wake);
    await sleep(clock, limitMs, idle.signal);
    idleWaiters.delete(wake);
  };

  const drain = async (deadlineMs: number): Promise<void> => {
    settleQueue.around(() => changes.tell({ what: "turns" }));
    await whenIdle(deadlineMs);
    for (const conversation of live.all()) {
      conversation.tell({ type: "turn.interrupt" });
      conversation.tell({ type: "compaction.abort" });
    }
    await whenIdle(limits.agentStopMs + 2 * limits.sealRetryMs);
    if (isBusy()) logger.warn("orchestrator: turns are left unsealed; the next start recovers them");
  };

  return {
    orchestrator: {
      startTurn: (request) => live.use(request.conversationId, (conversation) => conversation.startTurn(request)),
      enqueue: (request) => live.use(request.conversationId, (conversation) => conversation.enqueue(request)),
      cancelQueuedMessage({ conversationId, messageId }) {
        const conversation = live.get(conversationId);
        const cancelled = conversation?.withdraw(messageId) ?? false;
        return { cancelled, queue: conversation?.work.texts.list() ?? [] };
      },
      subscribe: (conversationId, listener) =>
        live.use(conversationId, (conversation) => conversation.subscribe(listener)),
      isActive: (conversationId) => live.get(conversationId)?.status === "active",
      stopTurn: (conversationId) => ({ abortedTurn: cancelTurn(conversationId).cancelled }),
      closeConversation: (conversationId) => live.use(conversationId, (conversation) => conversation.close()),
    },
    conversations: conversationsPort(services, live),
    broadcasts,
    idempotency: {
      recall: (key, conversationId) => store.keptAnswer(key, conversationId, clock.wall() - limits.idempotencyMs),
    },
    limits: conversationLimits(limits),
    cancelTurn,
    setAgents(agents, defaultModel) {
      models.replace(agents, defaultModel);
      settleQueue.around(() => changes.tell({ what: "turns" }));
    },
    setRefusing(reason) {
      refusing = reason;
      settleQueue.around(() => changes.tell({ what: "turns" }));
    },
    get refusing() {
      return refusing;
    },
    turnEnds,
    runningTurns: () => live.active.size,
    stalledTurns: () => [...live.active].filter(({ work }) => work.isStalled).length,
    activity: (conversationId) =>
      live.get(conversationId)?.activity ?? (store.conversation(conversationId)?.closed ? "closed" : "idle"),
    progress(conversationId) {
      const present = live.get(conversationId)?.work.progress;
      const lastEnd = present ? undefined : storedEnd(services, conversationId);
      return present ?? (lastEnd && { saidMsAgo: undefined, endsInMs: undefined, waitingTexts: 0, lastEnd });
    },
    subscribe: (listener) => changes.subscribe(listener),
    drain,
    close() {
      for (const conversation of live.all()) conversation.tell({ type: "conversation.leave" });
      watchdog.stop();
    },
  };
}

/** At the start: seals turns that a crash left open, and wakes conversations with queued texts. */
function wakeAfterStart(store: Store, live: LiveConversations): void {
  const crashedOf = Map.groupBy(store.unsealedTurns(), ({ turn }) => turn.conversationId);
  for (const id of new Set([...crashedOf.keys(), ...store.queuedConversations()]))
    live.wake(id, crashedOf.get(id) ?? []);
}

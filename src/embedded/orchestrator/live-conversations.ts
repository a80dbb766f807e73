// All conversations that have an actor. One gets an actor when it is first used and is removed when the actor ends.
// Must never leave a turn unsealed because an actor failed.
import type { Supervision } from "../../runtime/actor-registry.ts";
import type { Services } from "./context.ts";
import { LiveConversation } from "./live-conversation.ts";
import { conversationLogic } from "./provide-machines.ts";
import type { CrashedTurn } from "./recovery.ts";

export class LiveConversations {
  readonly #supervision: Supervision;
  readonly #services: Services;
  readonly #logic: ReturnType<typeof conversationLogic>;
  readonly #all = new Map<string, LiveConversation>();
  /** Lost their actor after repeated failures but still have listeners: the next use starts a new one. */
  readonly #failed = new Map<string, LiveConversation>();
  /** Of these, the ids of those about which the root has not decided yet. */
  readonly #undecided = new Set<string>();
  /** Conversations with an unsealed turn. */
  readonly #active = new Set<LiveConversation>();
  readonly #onMove: () => void;

  /** onMove is called after every transition of a conversation; it must not throw. */
  constructor(supervision: Supervision, services: Services, onMove: () => void) {
    this.#supervision = supervision;
    this.#services = services;
    this.#onMove = onMove;
    const find = (id: string): LiveConversation => {
      const live = this.#all.get(id);
      if (!live) throw new Error(`the conversation ${id} has an actor but is not registered`);
      return live;
    };
    this.#logic = conversationLogic({
      workOf: (id) => find(id).work,
      tell: (id, event) => this.#all.get(id)?.tell(event),
      turnBegun: (turn) => supervision.registry.witness("turn", turn),
      limits: services.limits,
      orphanMs: services.orphanMs,
    });
  }

  get undecided(): number {
    return this.#undecided.size;
  }

  get(id: string): LiveConversation | undefined {
    return this.#all.get(id);
  }

  all(): LiveConversation[] {
    return [...this.#all.values()];
  }

  /** Conversations with an unsealed turn. */
  get active(): ReadonlySet<LiveConversation> {
    return this.#active;
  }

  /** Starts the conversation's actor if it has none, and keeps it alive during the call. */
  use<T>(id: string, use: (live: LiveConversation) => T): T {
    const live = this.#all.get(id) ?? this.#failed.get(id) ?? new LiveConversation(id, this.#services, []);
    return live.keepAlive(() => {
      if (!this.#all.has(id)) this.#adopt(live);
      return use(live);
    });
  }

  /** Called at the start for a conversation with queued texts or with turns that a crash left unsealed. */
  wake(id: string, crashed: CrashedTurn[]): void {
    this.#adopt(new LiveConversation(id, this.#services, crashed));
  }

  #adopt(live: LiveConversation): void {
    const { parent, registry } = this.#supervision;
    this.#all.set(live.id, live);
    this.#failed.delete(live.id);
    const onEnd = (error: unknown): void => this.#ended(live, error);
    const input = { conversationId: live.id };
    this.#services.settleQueue.around(() => {
      const actor = registry.adopt({ parent, kind: "conversation", logic: this.#logic, input, onEnd });
      // An actor that has failed by now may already have been replaced.
      if (actor.getSnapshot().status !== "active") return;
      live.actor = actor;
      actor.subscribe({ next: () => this.#moved(live), error: () => {} });
      this.#moved(live);
    });
  }

  #moved(live: LiveConversation): void {
    try {
      live.updateStatus();
    } catch (error) {
      this.#services.logger.error("orchestrator: a status could not be announced", { conversationId: live.id, error });
    }
    if (live.status === "active" && this.#all.get(live.id) === live) this.#active.add(live);
    else this.#active.delete(live);
    this.#onMove();
  }

  #ended(live: LiveConversation, error: unknown): void {
    if (error === undefined) {
      this.#all.delete(live.id);
      this.#moved(live);
      return;
    }
    this.#services.logger.error("orchestrator: a conversation's actor failed", { conversationId: live.id, error });
    const { isFirst, isNeeded } = live.work.noteDefect();
    this.#all.delete(live.id);
    this.#failed.set(live.id, live);
    this.#undecided.add(live.id);
    this.#supervision.parent.send({ type: "conversation.failed", conversationId: live.id, isFirst, isNeeded });
  }

  /** Gives a conversation whose actor has failed a new one, which seals its turn. */
  restart(id: string): void {
    this.#undecided.delete(id);
    const live = this.#failed.get(id);
    if (live) this.#adopt(live);
  }

  /** Leaves a conversation whose actors keep failing without one until it is used again. */
  giveUp(id: string): void {
    this.#undecided.delete(id);
    const live = this.#failed.get(id);
    if (!live) return;
    if (live.work.nobodyIsThere()) this.#failed.delete(id);
    this.#moved(live);
  }
}

// All conversations that have an actor: adopted when something is asked of one, forgotten when its actor has ended.
// Must never leave a turn unsealed because an actor failed.
import type { AnyActorRef } from "xstate";
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
  /** Without an actor, because one after the other failed, and still listened to: the next use tries once more. */
  readonly #fallen = new Map<string, LiveConversation>();
  /** The newest turn's actor of each that has an actor itself. */
  readonly #turns = new Map<string, AnyActorRef>();
  /** Those with a turn that is not sealed. */
  readonly #active = new Set<string>();
  readonly #onMove: () => void;

  /** onMove is called whenever any of them has moved; it must not throw. */
  constructor(supervision: Supervision, services: Services, onMove: () => void) {
    this.#supervision = supervision;
    this.#services = services;
    this.#onMove = onMove;
    const find = (id: string): LiveConversation => {
      const live = this.#all.get(id);
      if (!live) throw new Error(`the conversation ${id} has an actor and is not known`);
      return live;
    };
    this.#logic = conversationLogic({
      workOf: (id) => find(id).work,
      tell: (id, event) => this.#all.get(id)?.tell(event),
      turnBegun: (turn, id) => {
        supervision.registry.witness("turn", turn);
        this.#turns.set(id, turn);
      },
      limits: services.limits,
    });
  }

  get(id: string): LiveConversation | undefined {
    return this.#all.get(id);
  }

  all(): LiveConversation[] {
    return [...this.#all.values()];
  }

  /** Those with a turn that is not sealed. */
  *active(): Generator<LiveConversation> {
    for (const id of this.#active) {
      const live = this.#all.get(id);
      if (live) yield live;
    }
  }

  /** How many have a turn that is not sealed. */
  get running(): number {
    return this.#active.size;
  }

  /** Wakes the conversation when it has no actor, and keeps it awake while it is used. */
  use<T>(id: string, use: (live: LiveConversation) => T): T {
    const live = this.#all.get(id) ?? this.#fallen.get(id) ?? new LiveConversation(id, this.#services, []);
    return live.host(() => {
      if (!this.#all.has(id)) this.#adopt(live);
      return use(live);
    });
  }

  /** At the start: those in which texts wait, or which a crash left with an unsealed turn. */
  wake(id: string, crashed: CrashedTurn[]): void {
    this.#adopt(new LiveConversation(id, this.#services, crashed));
  }

  #adopt(live: LiveConversation): void {
    const { parent, registry } = this.#supervision;
    this.#all.set(live.id, live);
    this.#fallen.delete(live.id);
    const onEnd = (error: unknown): void => this.#ended(live, error);
    const input = { conversationId: live.id };
    this.#services.settleQueue.around(() => {
      const actor = registry.adopt({ parent, kind: "conversation", logic: this.#logic, input, onEnd });
      // One that has failed by now may have been replaced already.
      if (actor.getSnapshot().status !== "active") return;
      live.actor = actor;
      actor.subscribe({ next: () => this.#moved(live), error: () => {} });
      this.#moved(live);
    });
  }

  #moved(live: LiveConversation): void {
    try {
      live.noticed();
    } catch (error) {
      this.#services.logger.error("orchestrator: a status could not be announced", { conversationId: live.id, error });
    }
    if (live.status === "active") this.#active.add(live.id);
    else this.#active.delete(live.id);
    this.#onMove();
  }

  #ended(live: LiveConversation, error: unknown): void {
    const turn = this.#turns.get(live.id);
    this.#turns.delete(live.id);
    if (error === undefined) {
      this.#all.delete(live.id);
      this.#moved(live);
      return;
    }
    this.#services.logger.error("orchestrator: a conversation's actor failed", { conversationId: live.id, error });
    // Its turn ends all the same: a new actor seals it. Once, because the defect may lie in just that.
    const survives = live.work.survivesDefect();
    // A parent that throws leaves what it has invoked running (XState 5.33). The turn has been concluded just now.
    turn?.send({ type: "turn.interrupt" });
    this.#all.delete(live.id);
    if (survives) {
      this.#adopt(live);
      return;
    }
    if (!live.work.nobodyIsThere()) this.#fallen.set(live.id, live);
    this.#moved(live);
  }
}

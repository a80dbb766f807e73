// Delivers the events of a conversation's turns to its listeners, each event once and in order. A new listener first
// gets the running turn from its beginning. Must never let one listener keep an event from another.
import type { TurnListener } from "../../ports/orchestrator.ts";
import type { TurnEvent } from "../../protocol/turn-event.ts";
import type { Services } from "./context.ts";

interface Subscription {
  listener: TurnListener;
  /** The number of the next event that it gets. */
  next: number;
}

/** Consecutive deltas of one type, kept as one object: one per delta would survive many garbage collections. */
interface TextRun {
  first: TextDelta;
  deltas: string[];
  characters: number;
}

type TextDelta = Extract<TurnEvent, { type: "text-delta" | "reasoning-delta" }>;

export class TurnEvents {
  readonly #services: Services;
  readonly #subscriptions = new Set<Subscription>();
  /** The delivered events of the running turn. */
  #turn: (TurnEvent | TextRun)[] = [];
  /** Emitted and not delivered yet; #next is the number of the first. */
  #waiting: TurnEvent[] = [];
  #next = 0;

  constructor(services: Services) {
    this.#services = services;
  }

  get listeners(): number {
    return this.#subscriptions.size;
  }

  emit(event: TurnEvent): void {
    this.#waiting.push(event);
    if (this.#waiting.length === 1) this.#services.settleQueue.post(this.#deliver);
  }

  /** Replays the unsealed turn synchronously, with consecutive deltas joined; then delivers live events. */
  subscribe(listener: TurnListener): () => void {
    const subscription: Subscription = { listener, next: this.#next + this.#waiting.length };
    this.#subscriptions.add(subscription);
    const replay = this.#unsealed();
    // Events that the listener causes during its replay are delivered after it.
    this.#services.settleQueue.around(() => {
      for (const event of replay) this.#hand(subscription, event);
    });
    return () => {
      this.#subscriptions.delete(subscription);
    };
  }

  /** Removes all listeners. */
  close(): void {
    this.#subscriptions.clear();
  }

  #unsealed(): TurnEvent[] {
    const sealedAt = this.#waiting.findLastIndex(({ type }) => type === "turn-sealed");
    if (sealedAt >= 0) return this.#waiting.slice(sealedAt + 1);
    const delivered = this.#turn.map((kept): TurnEvent => {
      return "deltas" in kept ? { ...kept.first, delta: kept.deltas.join("") } : kept;
    });
    return [...delivered, ...this.#waiting];
  }

  readonly #deliver = (): void => {
    for (let event = this.#waiting.shift(); event; event = this.#waiting.shift()) {
      const number = this.#next++;
      this.#keep(event);
      for (const subscription of this.#subscriptions) {
        if (subscription.next !== number) continue;
        subscription.next++;
        this.#hand(subscription, event);
      }
    }
  };

  #keep(event: TurnEvent): void {
    if (event.type === "turn-sealed") this.#turn = [];
    else if (event.type !== "text-delta" && event.type !== "reasoning-delta") this.#turn.push(event);
    else {
      const characters = event.delta.length;
      const last = this.#turn.at(-1);
      const isRun = last && "deltas" in last && last.first.type === event.type;
      if (isRun && last.characters + characters <= this.#services.limits.deltaCharactersMax) {
        last.deltas.push(event.delta);
        last.characters += characters;
      } else this.#turn.push({ first: event, deltas: [event.delta], characters });
    }
  }

  #hand(subscription: Subscription, event: TurnEvent): void {
    if (!this.#subscriptions.has(subscription)) return;
    try {
      subscription.listener(event);
    } catch (error) {
      this.#services.logger.warn("orchestrator: a turn's listener threw", {
        conversationId: event.conversationId,
        error,
      });
    }
  }
}

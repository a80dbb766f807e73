// The events of a conversation's turns on their way to its listeners: each listener gets each event once and in order,
// a new one first the running turn from its beginning. Must never let one listener keep an event from another.
import type { Limits } from "../../limits.ts";
import type { Logger } from "../../ports/logger.ts";
import type { TurnListener } from "../../ports/orchestrator.ts";
import type { TurnEvent } from "../../protocol/turn-event.ts";
import type { SettleQueue } from "./settle-queue.ts";

interface Subscription {
  hear: TurnListener;
  /** The number of the next event for it. */
  next: number;
}

/** Neighbouring deltas of one kind, kept as one event: an object for each would outlive many collections. */
interface TextRun {
  first: TextDelta;
  pieces: string[];
  characters: number;
}

type TextDelta = Extract<TurnEvent, { type: "text-delta" | "reasoning-delta" }>;

export class TurnEvents {
  readonly #settleQueue: SettleQueue;
  readonly #logger: Logger;
  readonly #limits: Pick<Limits, "deltaCharactersMax">;
  readonly #subscriptions = new Set<Subscription>();
  /** What of the running turn has been delivered. */
  #turn: (TurnEvent | TextRun)[] = [];
  /** Emitted and not delivered yet, and the number of the first of them. */
  #waiting: TurnEvent[] = [];
  #next = 0;
  #posted = false;

  constructor(settleQueue: SettleQueue, logger: Logger, limits: Pick<Limits, "deltaCharactersMax">) {
    this.#settleQueue = settleQueue;
    this.#logger = logger;
    this.#limits = limits;
  }

  get listeners(): number {
    return this.#subscriptions.size;
  }

  emit(event: TurnEvent): void {
    this.#waiting.push(event);
    if (this.#posted) return;
    this.#posted = true;
    this.#settleQueue.post(this.#deliver);
  }

  /** Replays the unsealed turn to the listener, synchronously, neighbouring text joined; then goes on live. */
  subscribe(listener: TurnListener): () => void {
    const subscription: Subscription = { hear: listener, next: this.#next + this.#waiting.length };
    this.#subscriptions.add(subscription);
    const replay = this.#unsealed();
    // What the listener causes by its replay is delivered after the replay.
    this.#settleQueue.around(() => {
      for (const event of replay) this.#hand(subscription, event);
    });
    return () => {
      this.#subscriptions.delete(subscription);
    };
  }

  /** Nobody hears anything any more. */
  close(): void {
    this.#subscriptions.clear();
  }

  #unsealed(): TurnEvent[] {
    const sealedAt = this.#waiting.findLastIndex(({ type }) => type === "turn-sealed");
    if (sealedAt >= 0) return this.#waiting.slice(sealedAt + 1);
    const delivered = this.#turn.map((kept): TurnEvent => {
      return "pieces" in kept ? { ...kept.first, delta: kept.pieces.join("") } : kept;
    });
    return [...delivered, ...this.#waiting];
  }

  readonly #deliver = (): void => {
    this.#posted = false;
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
      const isRun = last && "pieces" in last && last.first.type === event.type;
      if (isRun && last.characters + characters <= this.#limits.deltaCharactersMax) {
        last.pieces.push(event.delta);
        last.characters += characters;
      } else this.#turn.push({ first: event, pieces: [event.delta], characters });
    }
  }

  #hand(subscription: Subscription, event: TurnEvent): void {
    if (!this.#subscriptions.has(subscription)) return;
    try {
      subscription.hear(event);
    } catch (error) {
      this.#logger.warn("orchestrator: a turn's listener threw", { conversationId: event.conversationId, error });
    }
  }
}

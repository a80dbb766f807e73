// The events of a conversation's turns on their way to its listeners: each listener gets each event once and in order,
// a new one first the running turn from its beginning. Must never let one listener keep an event from another.
import type { Logger } from "../../ports/logger.ts";
import type { TurnListener } from "../../ports/orchestrator.ts";
import type { TurnEvent } from "../../protocol/turn-event.ts";
import type { Outbox } from "./outbox.ts";

interface Subscription {
  hear: TurnListener;
  /** The number of the next event for it. */
  next: number;
}

export class TurnChannel {
  readonly #outbox: Outbox;
  readonly #logger: Logger;
  readonly #subscriptions = new Set<Subscription>();
  /** The running turn's events, and those before it that are still being delivered. */
  #events: TurnEvent[] = [];
  /** The number of the first event kept, of the next to deliver, and of the first to replay. */
  #first = 0;
  #next = 0;
  #replayFrom = 0;
  #posted = false;

  constructor(outbox: Outbox, logger: Logger) {
    this.#outbox = outbox;
    this.#logger = logger;
  }

  get listeners(): number {
    return this.#subscriptions.size;
  }

  emit(event: TurnEvent): void {
    this.#events.push(event);
    if (event.type === "turn-sealed") this.#replayFrom = this.#end;
    if (this.#posted) return;
    this.#posted = true;
    this.#outbox.post(this.#deliver);
  }

  /** Replays the unsealed turn to the listener, synchronously, then goes on live. */
  subscribe(listener: TurnListener): () => void {
    const subscription: Subscription = { hear: listener, next: this.#end };
    this.#subscriptions.add(subscription);
    // What the listener causes by its replay is delivered after the replay.
    this.#outbox.around(() => {
      for (const event of this.#events.slice(this.#replayFrom - this.#first)) this.#hand(subscription, event);
    });
    return () => {
      this.#subscriptions.delete(subscription);
    };
  }

  /** Nobody hears anything any more. */
  close(): void {
    this.#subscriptions.clear();
  }

  get #end(): number {
    return this.#first + this.#events.length;
  }

  readonly #deliver = (): void => {
    this.#posted = false;
    for (let event = this.#events[this.#next - this.#first]; event; event = this.#events[this.#next - this.#first]) {
      const number = this.#next++;
      for (const subscription of this.#subscriptions) {
        if (subscription.next !== number) continue;
        subscription.next++;
        this.#hand(subscription, event);
      }
    }
    if (this.#replayFrom === this.#first) return;
    this.#events = this.#events.slice(this.#replayFrom - this.#first);
    this.#first = this.#replayFrom;
  };

  #hand(subscription: Subscription, event: TurnEvent): void {
    if (!this.#subscriptions.has(subscription)) return;
    try {
      subscription.hear(event);
    } catch (error) {
      this.#logger.warn("orchestrator: a turn's listener threw", { conversationId: event.conversationId, error });
    }
  }
}

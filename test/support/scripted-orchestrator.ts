// An implementation of the orchestrator port that a test scripts event by event: a turn has only the events that the
// test emits. The test can replace the behaviour of every call, also by an invalid one. All calls are recorded.
import type { Orchestrator } from "../../src/ports/orchestrator.ts";
import type { DoneReason, TurnEventBody } from "../../src/protocol/turn-event.ts";

const calls = [
  "startTurn",
  "enqueue",
  "cancelQueuedMessage",
  "subscribe",
  "isActive",
  "stopTurn",
  "closeConversation",
] as const;
type Call = (typeof calls)[number];
type Listener = (event: unknown) => void;

interface Running {
  turnId: string;
  events: unknown[];
}

export class ScriptedOrchestrator {
  /** Every call in order: its name and its arguments. */
  readonly asked: { call: Call; given: unknown }[] = [];
  /** What a call does in place of its usual behaviour. */
  readonly instead: { [call in Call]?: (...given: never[]) => unknown } = {};
  readonly running = new Map<string, Running>();
  readonly queues = new Map<string, { id: string; text: string; queuedAt: number }[]>();
  /** Called inside startTurn and enqueue, after the turn exists and before they return. */
  onStart: ((conversationId: string) => void) | undefined;
  readonly #listeners = new Map<string, Set<Listener>>();
  #turns = 0;

  startTurn(request: { conversationId: string }): unknown {
    return this.#answer("startTurn", request, () => {
      if (this.running.has(request.conversationId)) return { started: false, reason: "already-active" };
      return { started: true, turnId: this.begin(request.conversationId) };
    });
  }

  enqueue(request: { conversationId: string; text: string }): unknown {
    return this.#answer("enqueue", request, () => {
      const { conversationId, text } = request;
      if (!this.running.has(conversationId)) {
        const turnId = this.begin(conversationId);
        return { startedTurn: true, turnId, queue: [] };
      }
      const queue = this.queues.get(conversationId) ?? [];
      this.queues.set(conversationId, queue);
      queue.push({ id: `message-${queue.length + 1}`, text, queuedAt: 1 });
      return { startedTurn: false, queue: [...queue] };
    });
  }

  cancelQueuedMessage(request: { conversationId: string; messageId: string }): unknown {
    return this.#answer("cancelQueuedMessage", request, () => {
      const queue = this.queues.get(request.conversationId) ?? [];
      const rest = queue.filter((message) => message.id !== request.messageId);
      this.queues.set(request.conversationId, rest);
      return { cancelled: rest.length < queue.length, queue: rest };
    });
  }

  subscribe(conversationId: string, listener: Listener): unknown {
    const given = { conversationId, listener };
    return this.#answer("subscribe", given, () => this.listen(conversationId, listener));
  }

  isActive(conversationId: string): unknown {
    return this.#answer("isActive", conversationId, () => this.running.has(conversationId));
  }

  stopTurn(conversationId: string): unknown {
    return this.#answer("stopTurn", conversationId, () => {
      if (!this.running.has(conversationId)) return { abortedTurn: false };
      this.end(conversationId, "aborted");
      return { abortedTurn: true };
    });
  }

  closeConversation(conversationId: string): unknown {
    return this.#answer("closeConversation", conversationId, () => this.stopTurn(conversationId));
  }

  /** What subscribe does: replays the running turn, then listens. */
  listen(conversationId: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(conversationId) ?? new Set();
    this.#listeners.set(conversationId, listeners.add(listener));
    for (const event of this.running.get(conversationId)?.events ?? []) listener(event);
    return () => listeners.delete(listener);
  }

  /** Begins a turn as startTurn does. The test emits its events. */
  begin(conversationId: string): string {
    const turnId = `turn-${++this.#turns}`;
    this.running.set(conversationId, { turnId, events: [] });
    this.onStart?.(conversationId);
    return turnId;
  }

  /** Emits events of the running turn, each to every listener. */
  emit(conversationId: string, ...bodies: TurnEventBody[]): void {
    for (const body of bodies) {
      const turn = this.running.get(conversationId);
      if (!turn) throw new Error(`no turn is running in ${conversationId}`);
      const event = { ...body, conversationId, turnId: turn.turnId };
      turn.events.push(event);
      if (body.type === "turn-sealed") this.running.delete(conversationId);
      this.emitRaw(conversationId, event);
    }
  }

  /** Emits texts, each as one delta. */
  say(conversationId: string, ...deltas: string[]): void {
    for (const delta of deltas) this.emit(conversationId, { type: "text-delta", delta });
  }

  /** Emits `done` and `turn-sealed`. */
  end(conversationId: string, reason: DoneReason = "stop"): void {
    this.emit(conversationId, { type: "done", reason }, { type: "turn-sealed", latestSeq: 2 });
  }

  /** Emits any value to every listener, outside of any turn. */
  emitRaw(conversationId: string, event: unknown): void {
    for (const listener of [...(this.#listeners.get(conversationId) ?? [])]) listener(event);
  }

  /** The current number of listeners of one conversation, or of all. */
  subscriptions(conversationId?: string): number {
    if (conversationId !== undefined) return this.#listeners.get(conversationId)?.size ?? 0;
    return [...this.#listeners.values()].reduce((sum, listeners) => sum + listeners.size, 0);
  }

  /** The arguments of every call of this name. */
  given(call: Call): unknown[] {
    return this.asked.filter((one) => one.call === call).map((one) => one.given);
  }

  #answer(call: Call, given: unknown, usual: () => unknown): unknown {
    this.asked.push({ call, given });
    const instead = this.instead[call];
    return instead === undefined ? usual() : Reflect.apply(instead, this, [given]);
  }
}

/** The object as the port. Checks that all calls exist, not what they return. */
export function asPort(orchestrator: object): Orchestrator {
  if (isOrchestrator(orchestrator)) return orchestrator;
  throw new Error("the object lacks calls of the orchestrator port");
}

const isOrchestrator = (value: object): value is Orchestrator =>
  calls.every((call) => typeof Reflect.get(value, call) === "function");

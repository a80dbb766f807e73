// In-memory fakes of the orchestrator and conversations ports. The test emits the events of a turn and can count the
// listeners. No agents, stores or actors are involved.
import type { ConversationSettings, Conversations, NotDone } from "../../src/ports/conversations.ts";
import type { Orchestrator, QueuedMessage, Refused, TurnListener, TurnRequest } from "../../src/ports/orchestrator.ts";
import type { ConversationSelection, HistorySelection } from "../../src/ports/store.ts";
import type { TurnEvent, TurnEventBody } from "../../src/protocol/turn-event.ts";

interface Running {
  turnId: string;
  events: TurnEvent[];
}

export class FakeOrchestrator implements Orchestrator {
  readonly requests: TurnRequest[] = [];
  readonly enqueued: { conversationId: string; text: string; workspaceId?: string | undefined }[] = [];
  readonly running = new Map<string, Running>();
  /** When set, requests are refused with this reason. */
  refusal: Refused | undefined;
  /** When set, startTurn throws it. */
  defect: unknown;
  /** Called inside startTurn after the turn exists, to simulate a host that emits events before it answers. */
  onStart: ((conversationId: string) => void) | undefined;
  readonly #listeners = new Map<string, Set<TurnListener>>();
  #turns = 0;

  startTurn(request: TurnRequest) {
    this.requests.push(request);
    if (this.defect !== undefined) throw this.defect;
    if (this.refusal) return this.refusal;
    const { conversationId } = request;
    if (this.running.has(conversationId)) return { started: false as const, reason: "already-active" };
    const turnId = `turn-${++this.#turns}`;
    this.running.set(conversationId, { turnId, events: [] });
    this.onStart?.(conversationId);
    return { started: true as const, turnId };
  }

  enqueue(request: { conversationId: string; text: string; workspaceId?: string | undefined }) {
    if (this.refusal) return this.refusal;
    this.enqueued.push(request);
    const queue: QueuedMessage[] = [{ id: "m1", text: request.text, queuedAt: 5 }];
    const startedTurn = !this.running.has(request.conversationId);
    return { startedTurn, queue: startedTurn ? [] : queue };
  }

  cancelQueuedMessage? = ({ messageId }: { conversationId: string; messageId: string }) => {
    return { cancelled: messageId === "m1", queue: [] };
  };

  subscribe(conversationId: string, listener: TurnListener): () => void {
    const listeners = this.#listeners.get(conversationId) ?? new Set();
    this.#listeners.set(conversationId, listeners.add(listener));
    for (const event of this.running.get(conversationId)?.events ?? []) listener(event);
    return () => listeners.delete(listener);
  }

  isActive(conversationId: string): boolean {
    return this.running.has(conversationId);
  }

  stopTurn(conversationId: string) {
    return { abortedTurn: this.running.delete(conversationId) };
  }

  closeConversation(conversationId: string) {
    return { abortedTurn: this.running.delete(conversationId) };
  }

  listenerCount(conversationId: string): number {
    return this.#listeners.get(conversationId)?.size ?? 0;
  }

  emit(conversationId: string, ...bodies: TurnEventBody[]): void {
    const turn = this.running.get(conversationId);
    if (!turn) throw new Error(`no turn is running in ${conversationId}`);
    for (const body of bodies) {
      const event: TurnEvent = { ...body, conversationId, turnId: turn.turnId };
      turn.events.push(event);
      if (body.type === "turn-sealed") this.running.delete(conversationId);
      for (const listener of [...(this.#listeners.get(conversationId) ?? [])]) listener(event);
    }
  }
}

/** Has one conversation, "known", which list() returns for every prefix of an id. `asked` records the requests. */
export class FakeConversations implements Required<Conversations> {
  readonly asked: unknown[] = [];
  /** What compact and configure answer instead of succeeding. */
  notDone: NotDone | undefined;
  settingsOf: ConversationSettings = { title: null, model: null, reasoningEffort: null };

  models() {
    return { models: ["demo/echo"], modelInfo: { "demo/echo": { contextWindow: 1000 } } };
  }

  list(selection: ConversationSelection) {
    this.asked.push(selection);
    const row = {
      id: "known",
      createdAt: 1,
      lastActivityAt: 2,
      title: null,
      status: "idle",
      workspaceId: "w",
    } as const;
    return [row];
  }

  history(conversationId: string, selection: HistorySelection) {
    this.asked.push({ conversationId, ...selection });
    return { chunks: [{ seq: 1, role: "user" as const, chunk: { type: "text" as const, text: "hi" } }], latestSeq: 1 };
  }

  metrics() {
    return [{ turnId: "t", usage: null, steps: [] }];
  }

  status() {
    return "queued" as const;
  }

  lastAnswer(conversationId: string) {
    return conversationId === "known" ? { content: "the answer", turnId: "t" } : undefined;
  }

  queue() {
    return [];
  }

  open(conversationId: string) {
    return conversationId === "known";
  }

  async compact() {
    return this.notDone ?? { newConversationId: "archive", messagesSummarized: 3, messagesKept: 10 };
  }

  settings() {
    return this.settingsOf;
  }

  configure(conversationId: string, change: Partial<ConversationSettings>) {
    this.asked.push({ conversationId, ...change });
    return this.notDone;
  }
}

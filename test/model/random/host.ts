// A scripted orchestrator for random histories. Turns begin on request, and the history commands every event that an
// agent emits. Keeps the contract of the port (protocol 1.5.6). Must never begin, emit or end anything by itself.
import type { Broadcasts } from "../../../src/ports/broadcasts.ts";
import type {
  EnqueueOutcome,
  Orchestrator,
  QueuedMessage,
  StartOutcome,
  TurnListener,
} from "../../../src/ports/orchestrator.ts";
import type { Broadcast, ConversationStatus } from "../../../src/protocol/broadcast.ts";
import type { DoneReason, TurnEvent, TurnEventBody } from "../../../src/protocol/turn-event.ts";
import { Announcer, type Directions } from "./backstage.ts";

interface Turn {
  turnId: string;
  text: string;
  events: TurnEvent[];
}

class Conversation {
  turn: Turn | undefined;
  queue: QueuedMessage[] = [];
  readonly listeners = new Set<TurnListener>();
}

export class ScriptedHost implements Orchestrator, Broadcasts, Directions {
  opensLater = false;
  refuses: string | undefined;
  readonly #conversations = new Map<string, Conversation>();
  readonly #announcer = new Announcer();
  #serial = 0;

  // ── the ports ───────────────────────────────────────────────────────────────────────────────────────────────────

  startTurn({ conversationId, text }: { conversationId: string; text: string }): StartOutcome {
    if (this.isActive(conversationId)) return { started: false, reason: "already-active" };
    if (this.refuses !== undefined) return { started: false, reason: "refusing-turns", message: this.refuses };
    return { started: true, turnId: this.begin(conversationId, text) };
  }

  enqueue({ conversationId, text }: { conversationId: string; text: string }): EnqueueOutcome {
    if (this.refuses !== undefined) return { started: false, reason: "refusing-turns", message: this.refuses };
    const { queue } = this.#at(conversationId);
    if (!this.isActive(conversationId))
      return { startedTurn: true, turnId: this.begin(conversationId, text), queue: [] };
    const messageId = `message-${++this.#serial}`;
    queue.push({ id: messageId, text, queuedAt: 1 });
    return { startedTurn: false, messageId, queue: [...queue] };
  }

  cancelQueuedMessage({ conversationId, messageId }: { conversationId: string; messageId: string }) {
    const conversation = this.#at(conversationId);
    const before = conversation.queue.length;
    conversation.queue = conversation.queue.filter(({ id }) => id !== messageId);
    const { queue } = conversation;
    if (queue.length === 0 && before > 0 && !conversation.turn) this.#tellStatus(conversationId, "idle");
    return { cancelled: queue.length < before, queue: [...queue] };
  }

  subscribe(listener: (broadcast: Broadcast) => void): () => void;
  subscribe(conversationId: string, listener: TurnListener): () => void;
  subscribe(of: string | ((broadcast: Broadcast) => void), listener: TurnListener = () => {}): () => void {
    if (typeof of !== "string") return this.#announcer.subscribe(of);
    const { listeners, turn } = this.#at(of);
    listeners.add(listener);
    for (const event of turn?.events ?? []) listener(event);
    return () => listeners.delete(listener);
  }

  isActive(conversationId: string): boolean {
    return this.#at(conversationId).turn !== undefined;
  }

  stopTurn(conversationId: string): { abortedTurn: boolean } {
    if (!this.isTalking(conversationId)) return { abortedTurn: false };
    this.finish(conversationId, "aborted");
    return { abortedTurn: true };
  }

  closeConversation(conversationId: string): { abortedTurn: boolean } {
    this.#at(conversationId).queue = [];
    return this.stopTurn(conversationId);
  }

  // ── what a history commands ─────────────────────────────────────────────────────────────────────────────────────

  waiting(conversationId: string): readonly QueuedMessage[] {
    return this.#at(conversationId).queue;
  }

  turnId(conversationId: string): string | undefined {
    return this.#at(conversationId).turn?.turnId;
  }

  isTalking(conversationId: string): boolean {
    const { turn } = this.#at(conversationId);
    return turn !== undefined && turn.events.at(-1)?.type !== "done";
  }

  listeners(conversationId: string): number {
    return this.#at(conversationId).listeners.size;
  }

  /** Begins a turn with the queued texts, followed by `text`. */
  begin(conversationId: string, text?: string): string {
    const conversation = this.#at(conversationId);
    const texts = conversation.queue.map((message) => message.text);
    conversation.queue = [];
    const turn = {
      turnId: `turn-${++this.#serial}`,
      text: [...texts, ...(text === undefined ? [] : [text])].join("\n\n"),
      events: [],
    };
    conversation.turn = turn;
    this.#tellStatus(conversationId, "active");
    if (!this.opensLater) this.open(conversationId);
    return turn.turnId;
  }

  open(conversationId: string): void {
    const { turn } = this.#at(conversationId);
    if (!turn || turn.events.length > 0) return;
    this.#emit(conversationId, turn, { type: "user-message", text: turn.text });
    this.#emit(conversationId, turn, { type: "turn-start" });
  }

  say(conversationId: string, ...bodies: TurnEventBody[]): void {
    const { turn } = this.#at(conversationId);
    if (!turn || !this.isTalking(conversationId)) return;
    this.open(conversationId);
    for (const body of bodies) this.#emit(conversationId, turn, body);
  }

  steer(conversationId: string): void {
    const conversation = this.#at(conversationId);
    if (conversation.queue.length === 0) return;
    const text = conversation.queue.map((message) => message.text).join("\n\n");
    conversation.queue = [];
    this.say(conversationId, { type: "steering", text });
  }

  finish(conversationId: string, reason: DoneReason, words = ""): void {
    if (reason === "error") this.say(conversationId, { type: "error", message: words });
    this.say(conversationId, { type: "done", reason });
  }

  /** Seals the turn. Queued texts open the next turn, unless this one was interrupted. */
  seal(conversationId: string): void {
    const conversation = this.#at(conversationId);
    const { turn } = conversation;
    const done = turn?.events.at(-1);
    if (!turn || done?.type !== "done") return;
    this.#emit(conversationId, turn, { type: "turn-sealed", latestSeq: turn.events.length });
    conversation.turn = undefined;
    const waits = conversation.queue.length > 0;
    if (waits && done.reason !== "interrupted") this.begin(conversationId);
    else this.#tellStatus(conversationId, waits ? "queued" : "idle");
  }

  async endTurns(conversationId: string): Promise<void> {
    while (this.turnId(conversationId) !== undefined) {
      this.finish(conversationId, "stop");
      this.seal(conversationId);
    }
  }

  announce(broadcast: Broadcast): void {
    this.#announcer.announce(broadcast);
  }

  inSilence(run: () => Promise<void>): Promise<void> {
    return this.#announcer.inSilence(run);
  }

  forget(conversationId: string): void {
    this.#conversations.delete(conversationId);
  }

  leftovers(): number {
    return 0;
  }

  #at(conversationId: string): Conversation {
    const conversation = this.#conversations.get(conversationId) ?? new Conversation();
    this.#conversations.set(conversationId, conversation);
    return conversation;
  }

  #emit(conversationId: string, turn: Turn, body: TurnEventBody): void {
    const event = { ...body, conversationId, turnId: turn.turnId };
    turn.events.push(event);
    for (const listener of [...this.#at(conversationId).listeners]) listener(event);
  }

  /** The workspaceId is unique, so that no two broadcasts are equal. */
  #tellStatus(conversationId: string, status: ConversationStatus): void {
    const workspaceId = `broadcast-${++this.#serial}`;
    this.announce({ type: "conversation.statusChanged", conversationId, status, workspaceId });
  }
}

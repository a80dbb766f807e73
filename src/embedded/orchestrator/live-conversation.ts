// A conversation and its actor, as the ports use it. Each command is an event of the chart that carries its request and
// where the answer goes. Must never answer from anything but what the chart did.
import type { Actor, StateValue } from "xstate";
import type { ConversationEvent, conversationMachine } from "../../../machines/conversation.ts";
import type { Compacted, NotDone } from "../../ports/conversations.ts";
import type {
  EnqueueOutcome,
  QueueRequest,
  Refused,
  StartOutcome,
  TurnListener,
  TurnRequest,
} from "../../ports/orchestrator.ts";
import type { ConversationStatus } from "../../protocol/broadcast.ts";
import type { Services } from "./context.ts";
import { type Answer, type Command, ConversationActions } from "./conversation-actions.ts";
import type { CrashedTurn } from "./recovery.ts";
import { defaultWorkspaceId, refused } from "./start-turn.ts";

type CommandType = Extract<ConversationEvent, { asked?: unknown }>["type"];

const notTaken = "the conversation could not take the request";
const unanswered = refused("internal", notTaken);

export class LiveConversation {
  readonly id: string;
  readonly work: ConversationActions;
  actor: Actor<typeof conversationMachine> | undefined;
  readonly #services: Services;
  #status: ConversationStatus;
  #workspaceId: string | undefined;

  constructor(id: string, services: Services, crashed: CrashedTurn[]) {
    this.id = id;
    this.#services = services;
    this.work = new ConversationActions(id, services, crashed);
    this.#status = crashed.length > 0 ? "active" : this.#restingStatus();
  }

  startTurn(request: TurnRequest): StartOutcome {
    const answer = this.#ask("turn.start", { turn: request });
    return answer?.kind === "started" ? { started: true, turnId: answer.turnId } : refusalIn(answer);
  }

  enqueue(request: QueueRequest): EnqueueOutcome {
    const answer = this.#ask("text.queue", { turn: request });
    const queue = this.work.texts.list();
    if (answer?.kind === "started") return { startedTurn: true, queue, turnId: answer.turnId };
    if (answer?.kind === "queued") return { startedTurn: false, queue, messageId: answer.messageId };
    return refusalIn(answer);
  }

  withdraw(messageId: string): boolean {
    return this.#ask("text.withdraw", { messageId })?.kind === "withdrawn";
  }

  /** Cancels the running turn, or only the turn with this id. Returns the id of the cancelled turn. */
  cancel(turnId?: string): string | undefined {
    const answer = this.#ask("turn.cancel", { turnId });
    return answer?.kind === "cancelled" ? answer.turnId : undefined;
  }

  close(): { abortedTurn: boolean } {
    return { abortedTurn: this.#ask("conversation.close")?.kind === "cancelled" };
  }

  compact(): Promise<Compacted | NotDone> {
    const answer = this.#ask("compaction.start");
    if (answer?.kind === "compaction") return answer.outcome;
    return Promise.resolve({ code: "internal", message: notTaken });
  }

  subscribe(listener: TurnListener): () => void {
    const unsubscribe = this.work.channel.subscribe(listener);
    return () => {
      unsubscribe();
      this.#leaveIfUnused();
    };
  }

  /** Keeps the actor alive during the call. */
  keepAlive<T>(use: () => T): T {
    this.work.callsInside++;
    try {
      return use();
    } finally {
      this.work.callsInside--;
      this.#leaveIfUnused();
    }
  }

  tell(event: ConversationEvent): void {
    this.#services.settleQueue.around(() => this.actor?.send(event));
  }

  get status(): ConversationStatus {
    return this.#status;
  }

  /** True while a turn or a compaction runs; a planned stop waits for both. */
  get isBusy(): boolean {
    return this.#status === "active" || this.work.compacting.isRunning;
  }

  /** The current state by its name in the charts. */
  get activity(): string {
    const snapshot = this.actor?.getSnapshot();
    if (!snapshot) return this.#status;
    const turn = snapshot.matches("generating") ? snapshot.children.turn?.getSnapshot() : undefined;
    if (turn) return leafOf(turn.value);
    return snapshot.matches("resting") ? leafOf(snapshot.value) : topOf(snapshot.value);
  }

  /** Called when the actor has moved or ended: announces a changed status. */
  updateStatus(): void {
    const snapshot = this.actor?.getSnapshot();
    // This state ends in the same call. A turn that is refused in it has changed nothing.
    if (!snapshot || snapshot.matches("opening")) return;
    const { changed, broadcast, store } = this.#services;
    const before = this.#status;
    // An actor that has failed keeps the tags of its last state.
    const hasTurn = snapshot.status === "active" && snapshot.hasTag("active");
    this.#status = hasTurn ? "active" : this.#restingStatus();
    changed({ what: "activity", conversationId: this.id });
    if (this.#status === before) return;
    if (this.#status === "active" || before === "active") changed({ what: "turns" });
    // A conversation keeps its first workspace (protocol 1.1).
    this.#workspaceId ??= store.conversation(this.id)?.workspaceId;
    const workspaceId = this.#workspaceId ?? defaultWorkspaceId;
    broadcast({ type: "conversation.statusChanged", conversationId: this.id, status: this.#status, workspaceId });
  }

  #restingStatus(): ConversationStatus {
    if (this.work.isClosed()) return "closed";
    return this.work.textsWait() ? "queued" : "idle";
  }

  /** The chart answers within the call, or not at all. */
  #ask(type: CommandType, request: Command["request"] = {}): Answer | undefined {
    let answer: Answer | undefined;
    const reply = (given: Answer): void => {
      answer = given;
    };
    const ask = (): void => this.actor?.send({ type, asked: { request, reply } });
    this.#services.settleQueue.around(() => this.keepAlive(ask));
    return answer;
  }

  #leaveIfUnused(): void {
    if (this.work.nobodyIsThere()) this.tell({ type: "everyone.left" });
  }
}

const refusalIn = (answer: Answer | undefined): Refused => (answer?.kind === "refused" ? answer.refusal : unanswered);

const topOf = (value: StateValue): string => (typeof value === "string" ? value : (Object.keys(value)[0] ?? ""));

function leafOf(value: StateValue): string {
  let leaf = value;
  while (typeof leaf !== "string") leaf = Object.values(leaf)[0] ?? "";
  return leaf;
}

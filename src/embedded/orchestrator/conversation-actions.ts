// The actions and guards of the conversation chart: they work on the queued texts, the running turn and the store. Must
// never decide what may happen when: that is the chart's job.
import { randomUUID } from "node:crypto";
import type { AgentSignal, TurnEnding } from "../../../machines/turn.ts";
import type { Compacted, NotDone, TurnProgress } from "../../ports/conversations.ts";
import type { KeyedRequest } from "../../ports/idempotency.ts";
import type { QueuedMessage, Refused, TurnRequest } from "../../ports/orchestrator.ts";
import { StoreError, type Write } from "../../ports/store.ts";
import { CompactionRun } from "./compaction-run.ts";
import type { Services } from "./context.ts";
import { MessageQueue } from "./message-queue.ts";
import { type CrashedTurn, recover } from "./recovery.ts";
import { keptAnswer, namedMessage, openTurn, refused, reusedMessageId, storageFailed } from "./start-turn.ts";
import { storedEnd } from "./stored-end.ts";
import { TurnEvents } from "./turn-events.ts";
import { type EndedTurn, type TurnChart, TurnRunner } from "./turn-runner.ts";

/** The request of a command, and where its answer goes. */
export interface Command {
  request: { turn?: TurnRequest; turnId?: string | undefined; messageId?: string };
  reply(answer: Answer): void;
}

export type Answer =
  | { kind: "started"; turnId: string }
  | { kind: "queued"; messageId: string }
  | { kind: "withdrawn" }
  | { kind: "cancelled"; turnId: string }
  | { kind: "compaction"; outcome: Promise<Compacted | NotDone> }
  | { kind: "refused"; refusal: Refused };

const alreadyActive = refused("already-active", "a turn is already generating for this conversation");

export class ConversationActions {
  readonly id: string;
  readonly channel: TurnEvents;
  readonly texts: MessageQueue;
  readonly compacting: CompactionRun;
  /** Calls to this conversation that have not returned yet. */
  callsInside = 0;
  readonly #services: Services;
  #runner: TurnRunner | undefined;
  #crashed: CrashedTurn[];
  #isClosed: boolean;
  #defects = 0;
  #lastEnded: EndedTurn | undefined;

  constructor(id: string, services: Services, crashed: CrashedTurn[]) {
    this.id = id;
    this.#services = services;
    this.#crashed = [...crashed];
    this.channel = new TurnEvents(services);
    this.texts = new MessageQueue(services.store.queue(id));
    this.compacting = new CompactionRun(id, this.texts, services);
    this.#isClosed = services.store.conversation(id)?.closed ?? false;
  }

  // ── guards ──────────────────────────────────────────────────────────────────────────────────────────────────────

  answerIsUnsealed = (): boolean => this.#runner !== undefined;
  turnWasCrashed = (): boolean => this.#crashed.length > 0;
  isClosed = (): boolean => this.#isClosed;
  textsWait = (): boolean => !this.texts.isEmpty;
  /** Do queued texts start the next turn? Not after an interrupted one; a close has discarded them (protocol 1.5.6). */
  textsCarryOver = (): boolean => this.textsWait() && this.#lastEnded?.end !== "interrupted";
  textsCameMeanwhile = (): boolean => this.compacting.textsCameMeanwhile();
  conversationExists = (): boolean => this.#services.store.conversation(this.id) !== undefined;
  isTheTurnMeant = ({ request: { turnId } }: Command): boolean =>
    turnId === undefined || turnId === this.#runner?.turn.turnId;
  nobodyIsThere = (): boolean => this.callsInside === 0 && this.channel.listeners === 0;

  get progress(): TurnProgress {
    const none = { saidMsAgo: undefined, endsInMs: undefined };
    const ended = this.#runner?.ended ?? this.#lastEnded;
    const lastEnd = ended
      ? { turnId: ended.turnId, end: ended.end, msAgo: Math.round(this.#services.clock.now() - ended.at) }
      : storedEnd(this.#services, this.id);
    return { ...(this.#runner?.progress ?? none), waitingTexts: this.texts.list().length, ...(lastEnd && { lastEnd }) };
  }

  // ── a turn ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Opens a turn with the command's text, or without one for the queued texts alone. False when it was refused. */
  openTurn(command?: Command): boolean {
    const waited = this.textsWait();
    const turn = openTurn(this.#services, this.id, this.texts, command?.request.turn);
    if ("started" in turn) {
      command?.reply({ kind: "refused", refusal: turn });
      return false;
    }
    this.#runner = new TurnRunner(turn, this.channel, this.texts, this.#services);
    this.#isClosed = false;
    command?.reply({ kind: "started", turnId: turn.turnId });
    if (waited) this.#queueChanged();
    return true;
  }

  refuseTurn({ reply }: Command): void {
    reply({ kind: "refused", refusal: alreadyActive });
  }

  announceTurn(chart: TurnChart): void {
    this.#runner?.announce(chart);
  }

  beginAgent(tell: (signal: AgentSignal) => void, agentEnded: () => void): void {
    const runner = this.#runner;
    // An abandoned agent may end during a later turn and must not affect that one.
    runner?.begin(tell, () => {
      if (this.#runner === runner) agentEnded();
    });
  }

  get isStalled(): boolean {
    return this.#runner?.isStalled ?? false;
  }

  checkTurn(isWatched: boolean): void {
    this.#runner?.check(isWatched);
  }

  noteActivity(): void {
    this.#runner?.noteActivity();
    this.#services.changed({ what: "activity", conversationId: this.id });
  }

  conclude(ending: TurnEnding): void {
    this.#runner?.conclude(ending);
  }

  answerCancelled({ reply }: Command): void {
    if (this.#runner) reply({ kind: "cancelled", turnId: this.#runner.turn.turnId });
  }

  /** Ends the turn because its actor failed, which is a defect. */
  failTurn(): void {
    const failure = { message: "the turn failed inside the server", code: "internal" };
    this.#runner?.conclude({ end: "failed", failure });
  }

  /** Called when the actor failed: ends its turn. Is it the first time since a turn was sealed? Is an actor needed? */
  noteDefect(): { isFirst: boolean; isNeeded: boolean } {
    this.failTurn();
    // A parent that throws leaves its invoked actors running (XState 5.33).
    this.#runner?.endChart();
    this.compacting.abort();
    return {
      isFirst: this.#defects++ === 0,
      isNeeded: this.answerIsUnsealed() || this.turnWasCrashed() || this.textsWait() || !this.nobodyIsThere(),
    };
  }

  abandonAgent(): void {
    const { conversationId, turnId, model } = this.#runner?.turn ?? {};
    this.#services.logger.warn("orchestrator: an agent did not end after its signal was aborted, and was abandoned", {
      conversationId,
      turnId,
      model: model?.name,
    });
  }

  /** False when the store failed. */
  seal(): boolean {
    if (this.#runner && !this.#runner.seal()) return false;
    this.#lastEnded = this.#runner?.ended;
    this.#runner = undefined;
    this.#defects = 0;
    return true;
  }

  /** Seals the turns that a crash left open. False when the store failed. */
  recover(): boolean {
    const { store, clock, logger } = this.#services;
    try {
      for (let crashed = this.#crashed[0]; crashed; crashed = this.#crashed[0]) {
        recover(store, crashed, clock.wall());
        this.#crashed.shift();
        const { turnId } = crashed.turn;
        logger.info("orchestrator: a turn that a crash left open was sealed", { conversationId: this.id, turnId });
      }
      return true;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      logger.warn("orchestrator: a turn could not be recovered yet", {
        conversationId: this.id,
        reason: error.message,
      });
      return false;
    }
  }

  // ── the queue ───────────────────────────────────────────────────────────────────────────────────────────────────

  queueText({ request: { turn }, reply }: Command): void {
    reply(this.#queue(turn?.text ?? "", turn?.idempotency, turn?.clientMessageId));
  }

  #queue(text: string, keyed: KeyedRequest | undefined, named: string | undefined): Answer {
    const { limits, store, clock } = this.#services;
    const refuse = (refusal: Refused): Answer => ({ kind: "refused", refusal });
    const { queuedTextsMax, queuedTextCharactersMax } = limits;
    if (text.length > queuedTextCharactersMax)
      return refuse(refused("too-large", `a queued text may have at most ${queuedTextCharactersMax} characters`));
    if (this.texts.size >= queuedTextsMax)
      return refuse(refused("queue-full", `at most ${queuedTextsMax} texts may wait in a conversation`));
    try {
      const reused = reusedMessageId(store, this.id, this.texts, named);
      if (reused) return refuse(reused);
    } catch (error) {
      return refuse(storageFailed(error));
    }
    const now = clock.wall();
    const message: QueuedMessage = { id: named ?? randomUUID(), text, queuedAt: now };
    const writes: Write[] = [
      ...namedMessage(this.id, named),
      { kind: "queue.added", conversationId: this.id, message },
      ...keptAnswer(keyed, { conversationId: this.id, messageId: message.id }, now),
    ];
    if (this.#isClosed) writes.push({ kind: "conversation.changed", id: this.id, patch: { closed: false } });
    try {
      store.attempt(writes);
    } catch (error) {
      return refuse(storageFailed(error));
    }
    this.#isClosed = false;
    this.texts.add(message);
    this.#queueChanged();
    return { kind: "queued", messageId: message.id };
  }

  /** True when this withdrew the last queued text. */
  withdrawText({ request: { messageId }, reply }: Command): boolean {
    if (messageId === undefined || !this.texts.has(messageId)) return false;
    try {
      this.#services.store.attempt([{ kind: "queue.removed", conversationId: this.id, messageIds: [messageId] }]);
    } catch (error) {
      reply({ kind: "refused", refusal: storageFailed(error) });
      return false;
    }
    this.texts.remove(messageId);
    reply({ kind: "withdrawn" });
    this.#queueChanged();
    return this.texts.isEmpty;
  }

  markClosed(): void {
    const messageIds = this.texts.clear();
    const writes: Write[] = [{ kind: "conversation.changed", id: this.id, patch: { closed: true } }];
    if (messageIds.length > 0) writes.push({ kind: "queue.removed", conversationId: this.id, messageIds });
    this.#services.store.append(writes);
    this.#isClosed = true;
    if (messageIds.length > 0) this.#queueChanged();
  }

  #queueChanged(): void {
    this.#services.changed({ what: "queue", conversationId: this.id });
  }

  // ── compaction, and the end ──────────────────────────────────────────────────────────────────────────────────────

  beginCompaction({ reply }: Command, tellFinished: () => void): void {
    reply({ kind: "compaction", outcome: this.compacting.begin(tellFinished) });
  }

  refuseCompaction({ reply }: Command): void {
    const message = "a turn or a compaction is running in this conversation; try again when it has ended";
    reply({ kind: "compaction", outcome: Promise.resolve({ code: "turn-running", message }) });
  }

  /** The process ends: stores what can be stored; the next start recovers the rest. */
  letGo(): void {
    this.compacting.abort();
    this.#runner?.conclude({ end: "interrupted" });
    this.#runner?.seal();
    this.#runner = undefined;
    this.#services.settleQueue.post(() => this.channel.close());
  }
}

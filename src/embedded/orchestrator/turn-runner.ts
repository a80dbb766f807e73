// One turn's data plane: follows the agent, emits its events, records them, and sends the turn's chart the signals that
// change its state. Must never emit anything between `done` and `turn-sealed`, whatever the agent does.
import type { StateValue } from "xstate";
import {
  type AgentSignal,
  doneReasons,
  type TurnCheck,
  type TurnEnd,
  type TurnEnding,
  type TurnMachineEvent,
} from "../../../machines/turn.ts";
import type { AgentEvent, AgentMessage, AgentRun } from "../../ports/agent.ts";
import type { TurnProgress } from "../../ports/conversations.ts";
import { StoreError, type Write } from "../../ports/store.ts";
import type { ReasoningEffort } from "../../protocol/chat-send.ts";
import { shownBytes } from "../../protocol/text-size.ts";
import type { TurnEventBody } from "../../protocol/turn-event.ts";
import { type AgentOutcome, followAgent } from "./agent-stream.ts";
import type { Services } from "./context.ts";
import { fitted, LogBudget } from "./event-size.ts";
import { joinTexts, type MessageQueue } from "./message-queue.ts";
import type { ResolvedModel } from "./models.ts";
import type { TurnEvents } from "./turn-events.ts";
import { TurnRecord } from "./turn-record.ts";

export interface Turn {
  conversationId: string;
  turnId: string;
  text: string;
  /** The ids of its texts in their order; empty when no client named one of them. */
  messageIds: string[];
  model: ResolvedModel;
  /** The history, including this turn's question. @throws StoreError */
  messages: () => AgentMessage[];
  reasoningEffort: ReasoningEffort | undefined;
  cwd: string | undefined;
}

export interface EndedTurn {
  turnId: string;
  end: TurnEnd;
  /** By the monotonic clock, in ms. */
  at: number;
}

/** Ends that no person asked for and no agent caused: they are logged. */
const endedByServer: ReadonlySet<TurnEnd> = new Set<TurnEnd>(["overtime", "lost", "unwatched"]);

/** Made once: each DOMException with its stack costs 30 µs. */
const turnIsOver = new DOMException("the turn is over", "AbortError");

/** The part of the turn's actor that the runner uses. */
export interface TurnChart {
  send(event: TurnMachineEvent): void;
  getSnapshot(): { readonly value: StateValue };
}

export class TurnRunner {
  readonly turn: Turn;
  readonly #services: Services;
  readonly #channel: TurnEvents;
  readonly #texts: MessageQueue;
  readonly #record: TurnRecord;
  readonly #abort = new AbortController();
  readonly #startedAt: number;
  #saidAt: number;
  #chart: TurnChart | undefined;
  /** Tells the chart in the agent's name, as long as the turn runs. */
  #say: (signal: AgentSignal) => void = () => {};
  /** When the chart entered its current state. */
  #stateAt: number;
  #lastEvent = "";
  #openCalls = new Set<string>();
  readonly #budget: LogBudget;
  #warned = false;
  #contextSize: number | undefined;
  #ended: EndedTurn | undefined;
  /** What sealing stores. */
  #lastWrites: Write[] = [];
  #stored = false;
  /** Since when nobody has watched. */
  #unwatchedAt: number | undefined;

  constructor(turn: Turn, channel: TurnEvents, texts: MessageQueue, services: Services) {
    this.turn = turn;
    this.#channel = channel;
    this.#texts = texts;
    this.#services = services;
    this.#record = new TurnRecord(turn, services);
    this.#budget = new LogBudget(services.limits.turnLogBytesMax, turn.conversationId);
    this.#startedAt = services.clock.now();
    this.#saidAt = this.#startedAt;
    this.#stateAt = this.#startedAt;
  }

  get progress(): Omit<TurnProgress, "waitingTexts"> {
    const now = this.#services.clock.now();
    return {
      turnId: this.turn.turnId,
      model: this.turn.model.name,
      startedMsAgo: Math.round(now - this.#startedAt),
      phaseMs: Math.round(now - this.#stateAt),
      lastEvent: this.#lastEvent,
      saidMsAgo: Math.round(now - this.#saidAt),
      ...(this.#ended ? { endsInMs: undefined } : this.#deadlines(now)),
    };
  }

  #deadlines(now: number): Pick<TurnProgress, "endsInMs" | "lostInMs" | "unwatchedInMs"> {
    const { limits, orphanMs } = this.#services;
    const { silentMs, runningMs, unwatchedMs } = this.#measured(now);
    const left = (ms: number): number => Math.max(0, Math.round(ms));
    return {
      endsInMs: left(limits.turnMs - runningMs),
      lostInMs: left(limits.agentLostMs - silentMs),
      ...(unwatchedMs !== undefined &&
        orphanMs !== Number.POSITIVE_INFINITY && { unwatchedInMs: left(orphanMs - unwatchedMs) }),
    };
  }

  get isStalled(): boolean {
    return this.#state === "stalled";
  }

  /** The running chart's state, such as `writing` or `stalled`. Read for every delta. */
  get #state(): StateValue | undefined {
    const value = this.#chart?.getSnapshot().value;
    const running = typeof value === "object" ? value["running"] : undefined;
    return typeof running === "object" ? running["working"] : running;
  }

  /**
   * Called regularly: tells the chart of a turn for which a time is over. The watchdog measures instead of the
   * chart's `after`, because every actor that ends scans all delayed events (XState 5.33).
   */
  check(isWatched: boolean): void {
    const now = this.#services.clock.now();
    this.#unwatchedAt = isWatched ? undefined : (this.#unwatchedAt ?? now);
    const { silentMs, runningMs, unwatchedMs } = this.#measured(now);
    const { limits, orphanMs } = this.#services;
    const silenceMs = this.isStalled ? limits.agentLostMs : limits.agentSilentMs;
    const isFine = silentMs < silenceMs && runningMs < limits.turnMs && (unwatchedMs ?? 0) < orphanMs;
    if (!isFine && this.#ended === undefined)
      this.#chart?.send({ type: "turn.checked", silentMs, runningMs, unwatchedMs });
  }

  #measured(now: number): TurnCheck {
    return {
      silentMs: now - this.#saidAt,
      runningMs: now - this.#startedAt,
      unwatchedMs: this.#unwatchedAt === undefined ? undefined : now - this.#unwatchedAt,
    };
  }

  /** Undefined until `done` is emitted. */
  get ended(): EndedTurn | undefined {
    return this.#ended;
  }

  /** Emits how the turn begins. @param chart gets what the agent does not know: that the log is full, and the time. */
  announce(chart: TurnChart): void {
    this.#chart = chart;
    const { text, messageIds } = this.turn;
    const [messageId] = messageIds;
    const question: TurnEventBody = {
      type: "user-message",
      text,
      ...(messageId !== undefined && { messageId }),
      ...(messageIds.length > 1 && { messageIds }),
    };
    // The question is in the log too. Uncounted, the gateway's own bound would end the turn before this budget does.
    this.#budget.spend(question);
    this.#emit(question);
    this.#emit({ type: "turn-start" });
  }

  /** Starts the agent. It tells the chart what it does until the turn ends; agentEnded is called if it ends later. */
  begin(tell: (signal: AgentSignal) => void, agentEnded: () => void): void {
    this.#say = tell;
    const { settleQueue } = this.#services;
    const { agent } = this.turn.model;
    const audience = {
      take: (value: unknown): void => settleQueue.around(() => this.#take(value)),
      isListening: (): boolean => this.ended === undefined,
    };
    const ended = (outcome: AgentOutcome): void =>
      settleQueue.around(() => {
        if (outcome.kind === "left" || this.ended !== undefined) agentEnded();
        else if (outcome.kind === "failed") this.#say({ type: "agent.failed", failure: outcome.failure });
        else {
          this.#contextSize = outcome.result.contextSize;
          this.#say({ type: "agent.finished", reason: outcome.result.reason });
        }
      });
    // It begins its work in a later turn of the event loop, when listeners have `turn-start`.
    void followAgent(agent, this.#agentRun(), audience, this.#services).then(ended);
  }

  /** Emits `done`. From then on the agent's events are ignored. A second call does nothing. */
  conclude({ end, failure, reason = doneReasons[end] ?? "stop" }: TurnEnding): void {
    if (this.#ended) return;
    const { clock, limits } = this.#services;
    const durationMs = Math.round(clock.now() - this.#startedAt);
    const usage = this.#record.usage;
    const contextSize = this.#contextSize;
    // A turn that ended well is sealed at once, which makes its text history. Others need it in the journal until then.
    if (reason === "aborted" || reason === "interrupted" || reason === "error") this.#record.writeJournal();
    const error = failure && {
      type: "error" as const,
      message: failure.message.slice(0, limits.shortStringCharactersMax),
      ...(failure.code !== undefined && { code: failure.code }),
    };
    if (error) this.#emit(error);
    this.#emit({
      type: "done",
      reason,
      durationMs,
      ...(usage && { usage }),
      ...(contextSize !== undefined && { contextSize }),
    });
    if (this.#texts.takeBack()) this.#services.changed({ what: "queue", conversationId: this.turn.conversationId });
    const { turnId, conversationId } = this.turn;
    const endedAt = clock.wall();
    const figures = { durationMs, usage: usage ?? null, contextSize: contextSize ?? null };
    this.#ended = { turnId, end, at: clock.now() };
    this.#lastWrites = [
      ...this.#record.rest(error),
      { kind: "turn.ended", turnId, endedAt, reason, end, ...figures },
      { kind: "conversation.changed", id: conversationId, patch: { lastActivityAt: endedAt } },
    ];
    this.#abort.abort(turnIsOver);
    this.#services.turnEnded(end);
    if (endedByServer.has(end))
      this.#services.logger.info("orchestrator: a turn was stopped", { conversationId, turnId, end });
  }

  /** Ends the chart of a turn that has been concluded without it. */
  endChart(): void {
    this.#chart?.send({ type: "turn.interrupt" });
  }

  /** Stores the unsaved rest and the end, then emits `turn-sealed`. False when the store failed: try again. */
  seal(): boolean {
    const { store, logger } = this.#services;
    const { conversationId, turnId } = this.turn;
    try {
      if (!this.#stored) store.attempt(this.#lastWrites);
      this.#stored = true;
      this.#emit({ type: "turn-sealed", latestSeq: store.latestSeq(conversationId) });
      return true;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      logger.warn("orchestrator: a turn could not be sealed yet", { conversationId, turnId, reason: error.message });
      return false;
    }
  }

  #agentRun(): AgentRun {
    const { text, model, messages, reasoningEffort, cwd } = this.turn;
    let read: AgentMessage[] | undefined;
    return {
      prompt: text,
      get messages() {
        read ??= messages();
        return read;
      },
      model: model.model,
      tools: this.#services.tools,
      signal: this.#abort.signal,
      reasoningEffort,
      cwd,
      drainSteering: () => this.#drainSteering(),
    };
  }

  #drainSteering(): string | undefined {
    if (this.ended !== undefined) return undefined;
    const text = this.#texts.hand();
    if (text !== undefined) this.#services.changed({ what: "queue", conversationId: this.turn.conversationId });
    return text;
  }

  /** Takes one yielded value. */
  #take(value: unknown): void {
    if (this.isStalled) this.#say({ type: "agent.resumed" });
    const event = this.#services.readAgentEvent(value);
    if (event) for (const part of fitted(event, this.#services.limits)) this.#handle(part);
    else this.#drop("not an event of the agent port");
  }

  #handle(event: AgentEvent): void {
    switch (event.type) {
      case "text-delta":
        this.#enter("writing", { type: "agent.writing" });
        if (this.#emitWithin(event)) this.#record.say("text", event.delta);
        return;
      case "reasoning-delta":
        this.#enter("thinking", { type: "agent.thinking" });
        if (this.#emitWithin(event)) this.#record.say("thinking", event.delta);
        return;
      case "tool-call": {
        const { toolCallId, toolName, input, stepId } = event;
        this.#openCalls.add(toolCallId);
        this.#enter("runningTools", { type: "tools.started" });
        if (!this.#emitWithin(event)) return;
        this.#record.hold("assistant", { type: "tool-call", toolCallId, toolName, input, stepId });
        return;
      }
      case "tool-output":
        this.#emitWithin(event);
        return;
      case "tool-result": {
        const { toolCallId, toolName, content, isError, stepId } = event;
        if (!this.#emitWithin(event)) return;
        this.#record.hold("tool", { type: "tool-result", toolCallId, toolName, content, isError, stepId });
        this.#openCalls.delete(toolCallId);
        if (this.#openCalls.size === 0 && this.#state === "runningTools") this.#say({ type: "tools.finished" });
        return;
      }
      case "usage":
        if (this.#emitWithin(event)) this.#record.count(event.stepId, event.usage);
        return;
      case "step-complete":
        this.#openCalls.clear();
        if (!this.#emitWithin(event)) return;
        this.#record.completeStep(event);
        this.#enter("continuing", { type: "step.finished" });
        return;
      case "provider-retry":
        this.#emitWithin(event);
        this.#enter("retrying", { type: "retry.scheduled" });
        return;
      case "steering":
        this.#steer();
    }
  }

  #steer(): void {
    const messages = this.#texts.take();
    if (!messages) {
      this.#drop("a steering event without a drainSteering() before it");
      return;
    }
    const text = joinTexts(messages.map((message) => message.text));
    const ids = messages.map(({ id }) => id);
    const { store } = this.#services;
    const isNamed = ids.some((id) => store.isNamedMessage(this.turn.conversationId, id));
    const event: TurnEventBody = { type: "steering", text, ...(isNamed && { messageIds: ids }) };
    if (this.#emitWithin(event)) this.#record.steer(text, messages, isNamed ? ids[0] : undefined);
  }

  /** Called when the chart's state has changed. */
  noteActivity(): void {
    this.#stateAt = this.#services.clock.now();
  }

  /** Sends the signal unless the chart is in the state already: deltas come by the thousand. */
  #enter(state: string, signal: AgentSignal): void {
    if (this.ended === undefined && this.#state !== state) this.#say(signal);
  }

  /** Emits within the log budget. False when the turn has ended, or ends now because the budget is spent. */
  #emitWithin(body: TurnEventBody): boolean {
    if (this.ended !== undefined) return false;
    if (!this.#budget.spend(body)) {
      const bytesMax = shownBytes(this.#services.limits.turnLogBytesMax);
      const message = `the turn was ended because it is larger than ${bytesMax}`;
      this.#chart?.send({ type: "log.full", failure: { message, code: "turn-too-large" } });
      return false;
    }
    this.#emit(body);
    return true;
  }

  #emit(body: TurnEventBody): void {
    const { conversationId, turnId } = this.turn;
    this.#saidAt = this.#services.clock.now();
    // The protocol's field order: type, ids, the rest. Deltas are most of the events, so they have a path of their own.
    const { type } = body;
    this.#lastEvent = type;
    if (type === "text-delta" || type === "reasoning-delta")
      this.#channel.emit({ type, conversationId, turnId, delta: body.delta });
    else this.#channel.emit({ ...{ type, conversationId, turnId }, ...body });
  }

  /** Drops what is not a valid event of the agent port, with one warning per turn. */
  #drop(reason: string): void {
    if (this.#warned) return;
    this.#warned = true;
    const { conversationId, turnId, model } = this.turn;
    const provider = model.agent.provider;
    this.#services.logger.warn("orchestrator: an agent's event was dropped", {
      conversationId,
      turnId,
      provider,
      reason,
    });
  }
}

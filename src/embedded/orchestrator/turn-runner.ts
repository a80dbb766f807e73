// One turn's data plane: it follows the agent, emits what it says, keeps the record, and tells the turn's chart the
// facts that change it. Must never emit anything between `done` and `turn-sealed`, whatever the agent does.
import type { StateValue } from "xstate";
import type { TurnEnding, TurnSignal } from "../../../machines/turn.ts";
import type { AgentEvent, AgentMessage, AgentRun } from "../../ports/agent.ts";
import type { TurnProgress } from "../../ports/conversations.ts";
import { StoreError, type Write } from "../../ports/store.ts";
import type { ReasoningEffort } from "../../protocol/chat-send.ts";
import { shownBytes } from "../../protocol/text-size.ts";
import type { DoneReason, TurnEventBody } from "../../protocol/turn-event.ts";
import type { Timer } from "../../runtime/clock.ts";
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
  model: ResolvedModel;
  /** All up to the question. @throws StoreError */
  messages: () => AgentMessage[];
  reasoningEffort: ReasoningEffort | undefined;
  cwd: string | undefined;
}

/** Made once: each DOMException with its stack costs 30 µs. */
const turnIsOver = new DOMException("the turn is over", "AbortError");

/** The turn's actor, as far as the runner uses it. */
export interface TurnChart {
  send(signal: TurnSignal): void;
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
  /** Since when the chart is in the state that it is in. */
  #stateAt: number;
  #lastEvent = "";
  #openCalls = new Set<string>();
  readonly #budget: LogBudget;
  #warned = false;
  #contextSize: number | undefined;
  #ending: { reason: DoneReason; writes: Write[] } | undefined;
  #stored = false;
  /** A timer of the clock's, not an `after` of the chart: each actor that ends would scan them all (XState 5.33). */
  #overdue: Timer | undefined;

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

  /** How far it is, for those who look. */
  get progress(): Omit<TurnProgress, "waitingTexts"> {
    const { clock, limits } = this.#services;
    const now = clock.now();
    return {
      turnId: this.turn.turnId,
      model: this.turn.model.name,
      startedMsAgo: Math.round(now - this.#startedAt),
      phaseMs: Math.round(now - this.#stateAt),
      lastEvent: this.#lastEvent,
      saidMsAgo: Math.round(now - this.#saidAt),
      endsInMs: this.#ending ? undefined : Math.max(0, Math.round(this.#startedAt + limits.turnMs - now)),
      lostInMs: this.#ending ? undefined : Math.max(0, Math.round(this.#saidAt + limits.agentLostMs - now)),
    };
  }

  get isStalled(): boolean {
    return this.#state === "stalled";
  }

  /** The state that the turn's chart is in while it runs, as `writing` or `stalled`. Read for every delta. */
  get #state(): StateValue | undefined {
    const value = this.#chart?.getSnapshot().value;
    const running = typeof value === "object" ? value["running"] : undefined;
    return typeof running === "object" ? running["working"] : running;
  }

  /** To be called now and then: an agent that is silent for long has stalled, and in the end it is lost. */
  lookForLife(): void {
    const { clock, limits } = this.#services;
    const silentMs = clock.now() - this.#saidAt;
    if (this.ended === undefined && silentMs >= limits.agentLostMs) this.#tellChart({ type: "turn.overdue" });
    if (this.ended === undefined && silentMs >= limits.agentSilentMs && !this.isStalled)
      this.#tellChart({ type: "agent.stalled" });
  }

  /** Why the turn has ended, once its `done` is out. */
  get ended(): DoneReason | undefined {
    return this.#ending?.reason;
  }

  announce(): void {
    const question: TurnEventBody = { type: "user-message", text: this.turn.text };
    // Counted, because it lies in the log like the rest: else the gateway's own bound would end the turn first.
    this.#budget.spend(question);
    this.#emit(question);
    this.#emit({ type: "turn-start" });
  }

  /** Starts the agent. The chart hears facts until the turn has ended; agentEnded is for one that outlives its turn. */
  begin(chart: TurnChart, agentEnded: () => void): void {
    this.#chart = chart;
    const { settleQueue, clock, limits } = this.#services;
    this.#overdue = clock.setTimeout(
      () => settleQueue.around(() => this.#tellChart({ type: "turn.overdue" })),
      limits.turnMs,
    );
    const { agent } = this.turn.model;
    const runner = this;
    const audience = {
      take: (value: unknown): boolean => settleQueue.around(() => this.#take(value)),
      get isListening(): boolean {
        return runner.ended === undefined;
      },
    };
    const ended = (outcome: AgentOutcome): void =>
      settleQueue.around(() => {
        if (outcome.kind === "left" || this.ended !== undefined) agentEnded();
        else if (outcome.kind === "failed") this.#tellChart({ type: "agent.failed", failure: outcome.failure });
        else {
          this.#contextSize = outcome.result.contextSize;
          this.#tellChart({ type: "agent.finished", reason: outcome.result.reason });
        }
      });
    // After the news that the turn has begun, whose way out is then ahead of the agent's first work.
    settleQueue.post(() => void followAgent(agent, this.#agentRun(), audience, this.#services).then(ended));
  }

  /** Puts `done` out; from here on the agent is not heard any more. The second time nothing happens. */
  conclude({ reason, failure }: TurnEnding): void {
    if (this.#ending) return;
    const { clock, limits } = this.#services;
    clock.clearTimeout(this.#overdue);
    const durationMs = Math.round(clock.now() - this.#startedAt);
    const usage = this.#record.usage;
    const contextSize = this.#contextSize;
    // A turn that has ended well is sealed at once, and what was said is history then.
    if (reason === "aborted" || reason === "interrupted" || reason === "error") this.#record.close();
    const error = failure && {
      message: failure.message.slice(0, limits.shortStringCharactersMax),
      ...(failure.code !== undefined && { code: failure.code }),
    };
    if (error) this.#emit({ type: "error", ...error });
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
    this.#ending = {
      reason,
      writes: [
        ...this.#record.rest(error && { type: "error", ...error }),
        { kind: "turn.ended", turnId, endedAt, reason, ...figures },
        { kind: "conversation.changed", id: conversationId, patch: { lastActivityAt: endedAt } },
      ],
    };
    this.#abort.abort(turnIsOver);
  }

  /** Stores the rest and the end, then puts `turn-sealed` out. False when the store failed: to be tried again. */
  seal(): boolean {
    const { store, logger } = this.#services;
    const { conversationId, turnId } = this.turn;
    try {
      if (!this.#stored) store.attempt(this.#ending?.writes ?? []);
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

  /** False when the turn has ended by it. */
  #take(value: unknown): boolean {
    if (this.isStalled) this.#tellChart({ type: "agent.resumed" });
    const event = this.#services.readAgentEvent(value);
    if (event) for (const part of fitted(event, this.#services.limits)) this.#hear(part);
    else this.#drop("no event of the agent port");
    return this.ended === undefined;
  }

  #hear(event: AgentEvent): void {
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
        if (this.#openCalls.size === 0 && this.#state === "runningTools") this.#tellChart({ type: "tools.finished" });
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
      this.#drop("steering without texts that were drained");
      return;
    }
    const text = joinTexts(messages.map((message) => message.text));
    if (this.#emitWithin({ type: "steering", text })) this.#record.steer(text, messages);
  }

  /** The chart's state has changed. */
  noteActivity(): void {
    this.#stateAt = this.#services.clock.now();
  }

  /** Tells the chart what brings it into a state, unless it is there: deltas come by the thousand. */
  #enter(state: string, signal: TurnSignal): void {
    if (this.ended === undefined && this.#state !== state) this.#tellChart(signal);
  }

  #tellChart(signal: TurnSignal): void {
    this.#chart?.send(signal);
  }

  /** Emits unless the turn has ended, or ends by outgrowing its log. */
  #emitWithin(body: TurnEventBody): boolean {
    if (this.ended !== undefined) return false;
    if (!this.#budget.spend(body)) {
      const bytesMax = shownBytes(this.#services.limits.turnLogBytesMax);
      const message = `the turn was ended because it is larger than ${bytesMax}`;
      this.#tellChart({ type: "log.full", failure: { message, code: "turn-too-large" } });
      return false;
    }
    this.#emit(body);
    return true;
  }

  #emit(body: TurnEventBody): void {
    const { conversationId, turnId } = this.turn;
    this.#saidAt = this.#services.clock.now();
    // The contract's order: what it is, whose it is, then the rest. Deltas are most of what comes.
    const { type } = body;
    this.#lastEvent = type;
    if (type === "text-delta" || type === "reasoning-delta")
      this.#channel.emit({ type, conversationId, turnId, delta: body.delta });
    else this.#channel.emit({ ...{ type, conversationId, turnId }, ...body });
  }

  /** What an agent says beside its port is dropped, with one warning a turn. */
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

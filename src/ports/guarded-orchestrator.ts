// The orchestrator port as the gateway uses it. An orchestrator may throw, return invalid values or call back when it
// must not. That fails the one request, never the process and never another socket.
import { errorMessage, ignoreRejection } from "./guard.ts";
import type { Logger } from "./logger.ts";
import type { EnqueueOutcome, LoggedEvent, Orchestrator, Refused, StartOutcome, TurnRequest } from "./orchestrator.ts";

type Answer = Record<string, unknown>;

const isObject = (value: unknown): value is Answer => typeof value === "object" && value !== null;

const isEvent = (value: unknown): value is LoggedEvent => isObject(value) && typeof value["type"] === "string";

const answerFields = [
  "started",
  "startedTurn",
  "turnId",
  "messageId",
  "reason",
  "message",
  "queue",
  "cancelled",
  "abortedTurn",
];

/** Copies the fields that are used, because a getter may throw; here the call is still guarded. */
const plain = (answer: unknown): unknown =>
  isObject(answer) ? Object.fromEntries(answerFields.map((field) => [field, answer[field]])) : answer;

export class GuardedOrchestrator {
  readonly #orchestrator: Orchestrator;
  readonly #logger: Logger;
  readonly #refusal: () => Refused | undefined;

  /** @param refusal the reason why no turn may begin in any conversation now, or undefined. */
  constructor(orchestrator: Orchestrator, logger: Logger, refusal: () => Refused | undefined = () => undefined) {
    this.#orchestrator = orchestrator;
    this.#logger = logger;
    this.#refusal = refusal;
  }

  startTurn(request: TurnRequest): StartOutcome {
    const refusal = this.#refusalOf(request.conversationId);
    if (refusal) return refusal;
    const answer = this.#ask("startTurn", (port) => port.startTurn(request));
    if (isObject(answer) && answer["started"] === true && typeof answer["turnId"] === "string")
      return { started: true, turnId: answer["turnId"] };
    return this.#refused("startTurn", answer);
  }

  enqueue(request: Parameters<Orchestrator["enqueue"]>[0]): EnqueueOutcome {
    const refusal = this.#refusalOf(request.conversationId);
    if (refusal) return refusal;
    const answer = this.#ask("enqueue", (port) => port.enqueue(request));
    if (!isObject(answer) || typeof answer["startedTurn"] !== "boolean") return this.#refused("enqueue", answer);
    const queue = Array.isArray(answer["queue"]) ? answer["queue"] : [];
    const { startedTurn, turnId } = answer as Answer & { startedTurn: boolean };
    // This text is the newest in the queue.
    const messageId = typeof answer["messageId"] === "string" ? answer["messageId"] : idOf(queue.at(-1));
    return {
      startedTurn,
      queue,
      ...(typeof turnId === "string" && { turnId }),
      ...(!startedTurn && messageId !== undefined && { messageId }),
    };
  }

  /** Does not apply to a conversation whose turn runs: its orchestrator queues or refuses the request itself. */
  #refusalOf(conversationId: string): Refused | undefined {
    const refusal = this.#refusal();
    return refusal && !this.isActive(conversationId) ? refusal : undefined;
  }

  cancelQueuedMessage(request: { conversationId: string; messageId: string }): boolean {
    const answer = this.#ask("cancelQueuedMessage", (port) => port.cancelQueuedMessage?.(request));
    return isObject(answer) && answer["cancelled"] === true;
  }

  /** Returns undefined if subscribing failed. The listener is not called after unsubscribing. */
  subscribe(conversationId: string, listener: (event: LoggedEvent) => void): (() => void) | undefined {
    let listening = true;
    const guarded = (event: unknown): void => {
      if (!listening) return;
      try {
        if (isEvent(event)) listener(event);
        else this.#logger.warn("orchestrator: an event without a type was dropped", { conversationId });
      } catch (error) {
        this.#logger.warn("orchestrator: an event was dropped", { conversationId, reason: errorMessage(error) });
      }
    };
    const unsubscribe = this.#ask("subscribe", (port) => port.subscribe(conversationId, guarded));
    if (unsubscribe instanceof Failure) {
      listening = false;
      return undefined;
    }
    return () => {
      if (!listening) return;
      listening = false;
      this.#ask("unsubscribe", () => (typeof unsubscribe === "function" ? unsubscribe() : undefined));
    };
  }

  isActive(conversationId: string): boolean {
    return this.#ask("isActive", (port) => port.isActive(conversationId)) === true;
  }

  /** Whether the port says that no turn runs. A port that lacks isActive, or throws, says nothing. */
  saysIdle(conversationId: string): boolean {
    return this.#ask("isActive", (port) => port.isActive?.(conversationId)) === false;
  }

  /** A turn of the orchestrator was ended in its place. */
  leftWithoutEnd(conversationId: string, turnId: unknown): void {
    this.#logger.warn("orchestrator: a turn that nothing ended was sealed", { conversationId, turnId });
  }

  stopTurn(conversationId: string): boolean {
    const answer = this.#ask("stopTurn", (port) => port.stopTurn(conversationId));
    return isObject(answer) && answer["abortedTurn"] === true;
  }

  #ask(call: string, ask: (port: Orchestrator) => unknown): unknown {
    try {
      return plain(ignoreRejection(ask(this.#orchestrator)));
    } catch (error) {
      this.#logger.warn(`orchestrator: ${call} threw`, { reason: errorMessage(error) });
      return new Failure(errorMessage(error));
    }
  }

  #refused(call: string, answer: unknown): Refused {
    if (answer instanceof Failure) return { started: false, reason: "internal", message: answer.message };
    if (isObject(answer) && typeof answer["reason"] === "string") {
      const message = typeof answer["message"] === "string" ? answer["message"] : undefined;
      return { started: false, reason: answer["reason"], message };
    }
    this.#logger.warn(`orchestrator: ${call} returned an invalid value`);
    return { started: false, reason: "internal", message: "the orchestrator gave no valid answer" };
  }
}

const idOf = (message: unknown): string | undefined =>
  isObject(message) && typeof message["id"] === "string" ? message["id"] : undefined;

/** The port threw. */
class Failure extends Error {}

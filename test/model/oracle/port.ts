// The oracle at the orchestrator's port: hears each question of the server, finds who has asked for it, and hears the
// answer. What is asked proves at this very moment what has been handled. Must never answer anything itself.
import type { EnqueueOutcome, StartOutcome } from "../../../src/ports/orchestrator.ts";
import { type Request, refusalText } from "./messages.ts";
import type { OracleSocket, Posted, World } from "./socket.ts";

export class OraclePort {
  readonly #world: World;
  readonly #mayRefuse: () => boolean;
  /** The texts that wait, by the ids that the port gave them. */
  readonly #waiting = new Map<string, string>();

  constructor(world: World, mayRefuse: () => boolean) {
    this.#world = world;
    this.#mayRefuse = mayRefuse;
  }

  /** The server asks for a turn; what is returned hears the answer. */
  asksForTurn(conversationId: string, text: string): (answer: StartOutcome) => void {
    const conversation = this.#world.conversation(conversationId);
    const { now: at, isActive } = conversation;
    const sender = this.#senderOf(
      (one) => one.type === "chat.send" && one.message === text && one.conversationId === conversationId,
      `a turn of ${conversationId} for ${JSON.stringify(text)}`,
    );
    const from = conversation.beginningsSince(at);
    if (!isActive) conversation.accepts(text, at);
    return (answer) => {
      const isRunning = !answer.started && answer.reason === "already-active";
      if (answer.started ? isActive : isRunning && !isActive)
        this.#world.fault(
          `${conversationId}: ${JSON.stringify(answer)}, though a turn is ${isActive ? "" : "not "}running`,
        );
      // The sender is subscribed first, and stays so when a turn is running (protocol 1.1, 1.4).
      if (answer.started || isRunning) sender?.watch(conversationId, from);
      if (answer.started) conversation.hasStarted(at);
      else {
        if (!isRunning && !this.#mayRefuse())
          this.#world.fault(`${conversationId}: ${JSON.stringify(answer)}, for no reason`);
        conversation.forgets([text]);
        sender?.owe(refusalText("chat.error", conversationId, sentenceOf(answer)));
      }
    };
  }

  /** The server gives a text that may wait; what is returned hears the answer. */
  asksToQueue(conversationId: string, text: string): (answer: EnqueueOutcome) => void {
    const conversation = this.#world.conversation(conversationId);
    const { now: at, isActive } = conversation;
    const sender = this.#senderOf(
      (one) => one.type === "chat.queue" && one.text === text && one.conversationId === conversationId,
      `a place for ${JSON.stringify(text)} in ${conversationId}`,
    );
    const from = conversation.beginningsSince(at);
    conversation.accepts(text, at);
    return (answer) => {
      if ("reason" in answer) {
        const isFull = answer.reason === "queue-full" && conversation.textsWaiting > 1;
        if (!isFull && !this.#mayRefuse())
          this.#world.fault(`${conversationId}: ${JSON.stringify(answer)}, for no reason`);
        conversation.forgets([text]);
        sender?.owe(refusalText("chat.error", conversationId, sentenceOf(answer)));
        return;
      }
      if (answer.startedTurn === isActive)
        this.#world.fault(
          `${conversationId}: ${JSON.stringify(answer)}, though a turn is ${isActive ? "" : "not "}running`,
        );
      // Who starts a turn is subscribed; who queues is not, and hears nothing (protocol 1.1).
      if (answer.startedTurn) {
        sender?.watch(conversationId, from);
        conversation.hasStarted(at);
        return;
      }
      const id = answer.messageId ?? answer.queue.at(-1)?.id;
      if (id !== undefined) this.#waiting.set(id, text);
    };
  }

  /** The server withdraws a text; what is returned hears whether it was still there. */
  asksToWithdraw(conversationId: string, messageId: string): (cancelled: boolean) => void {
    this.#claim(
      (one) => one.type === "chat.queue.cancel" && one.messageId === messageId,
      `the end of ${messageId} in ${conversationId}`,
    );
    return (cancelled) => {
      const text = this.#waiting.get(messageId);
      if (text === undefined) return;
      const conversation = this.#world.conversation(conversationId);
      const place = conversation.whereIs(text);
      if (cancelled ? place !== "waiting" : place === "waiting" && !this.#mayRefuse())
        this.#world.fault(`${conversationId}: ${text} is ${cancelled ? "" : "not "}withdrawn, and was ${place}`);
      if (cancelled) conversation.forgets([text]);
    };
  }

  /** The server stops the turn; what is returned hears whether one was stopped. */
  asksToStop(conversationId: string): (aborted: boolean) => void {
    const conversation = this.#world.conversation(conversationId);
    const { now: at, runningTurnId } = conversation;
    const fits = (one: Request): boolean =>
      one.type === "chat.cancel" &&
      one.conversationId === conversationId &&
      (one.turnId === undefined || one.turnId === runningTurnId);
    this.#claim(fits, `the end of ${runningTurnId} in ${conversationId}`);
    return (aborted) => {
      // A turn that had not said anything has a name by now.
      const turnId = runningTurnId ?? conversation.runningTurnId;
      if (aborted && turnId !== undefined) conversation.cancels(turnId, at);
    };
  }

  /** Who sent the request, which is like no other; it has been handled just now. */
  #senderOf(fits: (request: Request) => boolean, what: string): OracleSocket | undefined {
    const [found] = this.#posted(fits);
    if (!found) this.#world.fault(`the port was asked for ${what}, which nobody sent`);
    else found.socket.reaches(found.posted);
    return found?.socket;
  }

  /** The same for a request that several may have sent, or one of them twice: whose it was is then left open. */
  #claim(fits: (request: Request) => boolean, what: string): void {
    const [found, ...others] = this.#posted(fits);
    if (!found) this.#world.fault(`the port was asked for ${what}, which nobody sent`);
    else if (others.length === 0 && !found.posted.isAnswered) found.socket.reaches(found.posted);
    else for (const { posted } of [found, ...others]) posted.isAnswered = true;
  }

  #posted(fits: (request: Request) => boolean): { socket: OracleSocket; posted: Posted }[] {
    return [...this.#world.sockets()].flatMap((socket) => socket.posted(fits).map((posted) => ({ socket, posted })));
  }
}

/** The words of the refusal that a client gets for the port's. */
const sentenceOf = ({ reason, message }: { reason: string; message?: string | undefined }): string =>
  reason === "already-active"
    ? "a turn is already generating for this conversation"
    : (message ?? `the turn was refused: ${reason}`);

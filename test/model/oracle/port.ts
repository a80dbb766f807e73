// The oracle at the orchestrator's port: hears each question of the server, finds who has asked for it, and hears the
// answer. What is asked proves at this very moment what has been handled. Must never answer anything itself.
import type { EnqueueOutcome, StartOutcome } from "../../../src/ports/orchestrator.ts";
import type { KeyableRequest, Request } from "./messages.ts";
import type { Outcome, Posted } from "./posted.ts";
import { refusedByPort } from "./refusals.ts";
import { refusal, success } from "./replies.ts";
import type { OracleSocket } from "./socket.ts";
import type { World } from "./world.ts";

interface Asker {
  socket: OracleSocket;
  posted: Posted;
}

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
    const tell = this.#sender(
      (one) => one.type === "chat.send" && one.message === text && one.conversationId === conversationId,
      `a turn of ${conversationId} for ${JSON.stringify(text)}`,
    );
    const from = conversation.beginningsSince(at);
    if (!isActive) conversation.accepts(text, at);
    return (answer) => {
      if (answer.started) {
        if (isActive) this.#fault(conversationId, answer, "though a turn is running");
        // The sender is subscribed first (protocol 1.1).
        const { turnId } = answer;
        tell({ answers: [success({ conversationId, turnId })], watches: true }, from, { conversationId, turnId });
        conversation.hasStarted(at, turnId);
        return;
      }
      const isRunning = answer.reason === "already-active";
      if (isRunning && !isActive) this.#fault(conversationId, answer, "though a turn is not running");
      if (!isRunning && !this.#mayRefuse()) this.#fault(conversationId, answer, "for no reason");
      conversation.forgets([text]);
      // Who is refused because a turn is running stays subscribed (protocol 1.4).
      tell({ answers: [refusal(refusedByPort(conversationId, answer))], watches: isRunning }, from);
    };
  }

  /** The server gives a text that may wait; what is returned hears the answer. */
  asksToQueue(conversationId: string, text: string): (answer: EnqueueOutcome) => void {
    const conversation = this.#world.conversation(conversationId);
    const { now: at, isActive } = conversation;
    const tell = this.#sender(
      (one) => one.type === "chat.queue" && one.text === text && one.conversationId === conversationId,
      `a place for ${JSON.stringify(text)} in ${conversationId}`,
    );
    const from = conversation.beginningsSince(at);
    conversation.accepts(text, at);
    return (answer) => {
      if ("reason" in answer) {
        const isFull = answer.reason === "queue-full" && conversation.textsWaiting > 1;
        if (!isFull && !this.#mayRefuse()) this.#fault(conversationId, answer, "for no reason");
        conversation.forgets([text]);
        tell({ answers: [refusal(refusedByPort(conversationId, answer))], watches: false }, from);
        return;
      }
      const { startedTurn } = answer;
      if (startedTurn === isActive)
        this.#fault(conversationId, answer, `though a turn is ${isActive ? "" : "not "}running`);
      const messageId = answer.messageId ?? answer.queue.at(-1)?.id;
      const { turnId } = answer;
      const contents = { conversationId, startedTurn, ...(startedTurn ? { turnId } : { messageId }) };
      // Who starts a turn is subscribed; who queues is not, and hears nothing but its reply (protocol 1.1).
      tell({ answers: [success(contents)], watches: startedTurn }, from, contents);
      if (startedTurn) conversation.hasStarted(at, turnId);
      else if (messageId !== undefined) this.#waiting.set(messageId, text);
    };
  }

  /** The server withdraws a text; what is returned hears whether it was still there. */
  asksToWithdraw(conversationId: string, messageId: string): (cancelled: boolean) => void {
    const tell = this.#askers(
      (one) => one.type === "chat.queue.cancel" && one.messageId === messageId,
      `the end of ${messageId} in ${conversationId}`,
    );
    return (cancelled) => {
      tell({ answers: [success({ cancelled })], watches: false });
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
    const { now: at, runningTurnId, acceptedTurnId } = conversation;
    const name = runningTurnId ?? acceptedTurnId;
    const fits = (one: Request): boolean =>
      one.type === "chat.cancel" &&
      one.conversationId === conversationId &&
      (one.turnId === undefined || one.turnId === name);
    const tell = this.#askers(fits, `the end of ${name} in ${conversationId}`);
    return (cancelled) => {
      // One that was carried over and had not said anything has a name by now; nobody is owed it.
      const turnId = name ?? conversation.runningTurnId;
      const isNamed = cancelled && turnId !== undefined;
      const unnamed = name === undefined || !isNamed ? [success({ cancelled })] : [];
      tell({ answers: [...unnamed, ...(isNamed ? [success({ cancelled, turnId })] : [])], watches: false });
      if (isNamed) conversation.cancels(turnId, at);
    };
  }

  #fault(conversationId: string, answer: object, what: string): void {
    this.#world.fault(`${conversationId}: ${JSON.stringify(answer)}, ${what}`);
  }

  /** Who sent a text; what is returned tells it what became of it, and keeps a success under its key. */
  #sender(
    fits: (request: Request) => boolean,
    what: string,
  ): (outcome: Outcome, from: number[], toKeep?: Record<string, unknown>) => void {
    const isText = (one: Request): one is KeyableRequest => one.type === "chat.send" || one.type === "chat.queue";
    const [request] = this.#posted(fits)
      .map(({ posted }) => posted.request)
      .filter(isText);
    const { keys } = this.#world;
    if (request && keys.recall(request))
      this.#world.fault(`the port was asked for ${what}, though the key of ${JSON.stringify(request)} had succeeded`);
    const tell = this.#askers(fits, what);
    return (outcome, from, toKeep) => {
      const asker = tell(outcome);
      if (outcome.watches) asker?.socket.chats.begin(request?.conversationId ?? "", from);
      if (!request || !toKeep) return;
      const { id } = asker?.posted.request ?? {};
      const { turnId } = toKeep;
      if (request.type === "chat.send" && id !== undefined && typeof turnId === "string")
        asker?.socket.replies.comesBefore(id, turnId);
      keys.keep(request, toKeep);
    };
  }

  /**
   * Whoever has asked, which is handled just now. Several may have, by the same words: then each may be the one, until
   * its reply says which. Of the texts of one socket it is the first: all of them reach the port, or none.
   */
  #askers(fits: (request: Request) => boolean, what: string): (outcome: Outcome) => Asker | undefined {
    const found = this.#posted(fits);
    const [first] = found;
    if (!first) this.#world.fault(`the port was asked for ${what}, which nobody sent`);
    const isInOrder = found.length === 1 || first?.posted.request.type.startsWith("chat.cancel") === false;
    const isSure =
      isInOrder && found.every(({ socket, posted }) => socket === first?.socket && posted.outcomes.length === 0);
    if (isSure) first?.socket.requests.reaches(first.posted);
    return (outcome) => {
      if (isSure && first) first.socket.owe(first.posted, outcome.answers);
      else for (const { posted } of found) posted.outcomes.push(outcome);
      return isSure ? first : undefined;
    };
  }

  #posted(fits: (request: Request) => boolean): Asker[] {
    return [...this.#world.sockets()].flatMap((socket) =>
      socket.requests.thatFit(fits).map((posted) => ({ socket, posted })),
    );
  }
}

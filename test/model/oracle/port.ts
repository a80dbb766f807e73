// The oracle at the orchestrator port: records each call of the server, finds the client request behind it, and records
// the answer. The moment of a call is the moment at which its request is handled. Must never answer a call itself.
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
  /** The queued texts, by the message ids that the port assigned. */
  readonly #waiting = new Map<string, string>();

  constructor(world: World, mayRefuse: () => boolean) {
    this.#world = world;
    this.#mayRefuse = mayRefuse;
  }

  /** The server asks for a turn. The returned function takes the answer. */
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
        // The sender is subscribed before the turn starts (protocol 1.1).
        const { turnId } = answer;
        tell({ answers: [success({ conversationId, turnId })], watches: true }, from, { conversationId, turnId });
        conversation.hasStarted(at, turnId);
        return;
      }
      const isRunning = answer.reason === "already-active";
      if (isRunning && !isActive) this.#fault(conversationId, answer, "though a turn is not running");
      if (!isRunning && !this.#mayRefuse()) this.#fault(conversationId, answer, "for no reason");
      conversation.forgets([text]);
      // A sender that is refused because a turn is running stays subscribed (protocol 1.4).
      tell({ answers: [refusal(refusedByPort(conversationId, answer))], watches: isRunning }, from);
    };
  }

  /** The server passes a text that may be queued. The returned function takes the answer. */
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
      // A text that starts a turn subscribes its sender. A queued text only gets its reply (protocol 1.1).
      tell({ answers: [success(contents)], watches: startedTurn }, from, contents);
      if (startedTurn) conversation.hasStarted(at, turnId);
      else if (messageId !== undefined) this.#waiting.set(messageId, text);
    };
  }

  /** The server withdraws a text. The returned function takes whether the text was still queued. */
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

  /** The server stops the turn. The returned function takes whether a turn was stopped. */
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
      // A turn of queued texts has no known id before its first event. A reply may name the id it has now, or none.
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

  /**
   * Finds the request that sent a text. The returned function applies the outcome and keeps a success under its key.
   */
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
   * Finds the request that this call handles. If several sockets have sent the same request, it may be any of them
   * until a reply decides. If one socket has sent the same text several times, it is the first: all of them reach the
   * port, or none.
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

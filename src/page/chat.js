// The open conversation: what is sent into it, and what becomes of each text. Decides between send and queue, and gives
// back what was refused or lost; shows nothing itself.
import { createFollower } from "./follower.js";
import { createOutbox } from "./outbox.js";
import { queuedMessages } from "./queue-view.js";
import { runningTurn } from "./transcript.js";

/**
 * @import { ConversationStatus } from "../protocol/broadcast.ts"
 * @import { ClientMessage } from "../protocol/client-message.ts"
 * @import { Spec } from "../protocol/surface.ts"
 * @import { Clock } from "./clock.js"
 * @import { HistoryApi } from "./follower.js"
 * @import { Entry } from "./outbox.js"
 * @import { Queued } from "./queue-view.js"
 * @import { Settings } from "./settings.js"
 * @import { Delta, Turn } from "./transcript.js"
 * @import { Wire } from "./wire.js"
 *
 * @typedef {object} ChatListener
 * @property {() => void} changed
 * @property {(sentence: string | undefined) => void} trouble
 * @property {(text: string, why: string) => void} returned
 * @property {() => void} created
 * @property {() => boolean} showsQueue Is the queue among the surfaces?
 *
 * @typedef {object} ChatOptions
 * @property {HistoryApi} api
 * @property {Pick<Wire, "send" | "barrier">} wire
 * @property {Clock} clock
 * @property {string} conversationId
 * @property {boolean} isNew
 * @property {Pick<Settings, "carried" | "created">} settings
 * @property {(conversationId: string) => ConversationStatus | undefined} statusOf As the list knows it.
 * @property {ChatListener} on
 *
 * @typedef {ReturnType<typeof createChat>} Chat
 */

const turnRunning = "a turn is already generating for this conversation";

/** @param {ChatOptions} options */
export function createChat({ api, wire, clock, conversationId, isNew, settings, statusOf, on }) {
  let isUnborn = isNew;
  const sent = createOutbox();
  /** @type {Set<string>} */
  let knownIds = new Set();
  /** @type {Queued[]} */
  let queue = [];
  const follower = createFollower({
    api,
    wire,
    clock,
    conversationId,
    onChange: on.changed,
    onTrouble: on.trouble,
    onSettled: settled,
  });
  const { transcript } = follower;

  /**
   * Texts on their way when the connection was lost, and what was known then: what is new afterwards may be theirs.
   * @type {readonly Entry[]}
   */
  let uncertain = [];
  /** @type {{ turns: Set<Turn>, queue: Set<string> }} */
  let known = { turns: new Set(), queue: new Set() };
  let isQueueFresh = true;
  let isSettled = true;

  function lost() {
    uncertain = sent.entries();
    known = { turns: new Set(transcript.turns), queue: new Set(queue.map((message) => message.id)) };
    isQueueFresh = isSettled = false;
  }

  function settled() {
    isSettled = true;
    giveBack();
  }

  /** Once history and queue are read again: a text that is in neither was never received, and goes back. */
  function giveBack() {
    if (!isSettled || (!isQueueFresh && on.showsQueue())) return;
    const candidates = uncertain.filter((entry) => sent.entries().includes(entry));
    uncertain = [];
    if (candidates.length === 0) return;
    const newTurns = transcript.turns.filter((turn) => !known.turns.has(turn));
    const steering = transcript.turns
      .slice(-2)
      .flatMap((turn) => turn.answer.filter(({ kind }) => kind === "steering"));
    const newlyQueued = queue.filter((message) => !known.queue.has(message.id));
    const found = [...newTurns.flatMap((turn) => turn.prompt), ...steering, ...newlyQueued];
    const texts = found.map((one) => ("text" in one ? one.text : ""));
    for (const { text } of sent.takeLost(candidates, texts)) {
      on.returned(text, "The connection was lost before this was received. Send it again.");
    }
    on.changed();
  }

  const isRunning = () => statusOf(conversationId) === "active" || runningTurn(transcript) !== undefined;

  /**
   * @param {string} text
   * @param {Entry["via"]} via
   */
  function post(text, via) {
    /** @type {ClientMessage} */
    const message =
      via === "queue"
        ? { type: "chat.queue", conversationId, text }
        : { type: "chat.send", conversationId, message: text, ...settings.carried() };
    if (!wire.send(message)) return on.returned(text, "Not connected. The text stays here.");
    sent.add({ text, via });
    on.changed();
  }

  return {
    conversationId,
    transcript,
    follower,
    isNew: () => isUnborn,
    isRunning,
    /** Can the running turn be stopped (or has it ended, and is only being stored)? */
    isStoppable: () => runningTurn(transcript)?.phase === "running" || (isRunning() && !runningTurn(transcript)),
    /**
     * Texts on their way.
     * @param {Entry["via"]} via
     */
    waiting: (via) => sent.entries().filter((entry) => entry.via === via),
    queue: () => queue,
    /** Do the queued texts wait for the next one that is sent, because no turn runs (protocol 1.5.6)? */
    isQueueHeld: () => !isRunning() && statusOf(conversationId) === "queued",
    open: () => follower.open(isNew),
    close: follower.close,
    /** @param {string} text */
    send: (text) => post(text, isRunning() ? "queue" : "send"),
    stop() {
      const turnId = runningTurn(transcript)?.turnId;
      wire.send({ type: "chat.cancel", conversationId, ...(turnId !== undefined && { turnId }) });
    },
    /** @param {string} messageId */
    withdraw: (messageId) => wire.send({ type: "chat.queue.cancel", conversationId, messageId }),
    /** A new socket is open. */
    rejoin: () => follower.join(),
    lost,
    receiveSubscribed: follower.receiveSubscribed,
    /** @param {Delta} delta */
    receiveDelta(delta) {
      if (isUnborn) {
        isUnborn = false;
        settings.created();
        on.created();
      }
      sent.seeEvent(delta.event);
      follower.receiveDelta(delta);
    },
    /** @param {Spec} spec of the message-queue surface */
    receiveQueue(spec) {
      queue = queuedMessages(spec);
      sent.seeQueue(queue, knownIds);
      knownIds = new Set(queue.map((message) => message.id));
      isQueueFresh = true;
      giveBack();
      on.changed();
    },
    /** @param {string} sentence of a chat.error */
    receiveRefusal(sentence) {
      const entry = sent.takeRefused();
      // Somebody else was faster: the text waits for that turn instead.
      if (entry?.via === "send" && sentence === turnRunning) return post(entry.text, "queue");
      on.returned(entry?.text ?? "", sentence);
      on.changed();
    },
  };
}

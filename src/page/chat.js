// The open conversation: what is sent into it, and what becomes of each text. Decides between send and queue, and gives
// back what was refused or lost; shows nothing itself.
import { createFollower } from "./follower.js";
import * as outbox from "./outbox.js";
import { queuedMessages } from "./queue-view.js";
import { runningTurn } from "./transcript.js";

const turnRunning = "a turn is already generating for this conversation";

/**
 * @param options.on {changed(), trouble(sentence?), returned(text, why), created(), showsQueue(): is it a surface?}
 * @param options.statusOf (conversationId) => status as the list knows it
 */
export function createChat({ api, wire, clock, conversationId, isNew, settings, statusOf, on }) {
  let isUnborn = isNew;
  const sent = outbox.createOutbox();
  let knownIds = new Set();
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

  /** Texts on their way when the connection was lost, and what was known then: what is new afterwards may be theirs. */
  let uncertain = [];
  let known = { turns: new Set(), queue: new Set() };
  let isQueueFresh = true;
  let isSettled = true;

  function lost() {
    uncertain = [...sent.entries];
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
    const candidates = uncertain.filter((entry) => sent.entries.includes(entry));
    uncertain = [];
    if (candidates.length === 0) return;
    const newTurns = transcript.turns.filter((turn) => !known.turns.has(turn));
    const steering = transcript.turns
      .slice(-2)
      .flatMap((turn) => turn.answer.filter(({ kind }) => kind === "steering"));
    const newlyQueued = queue.filter((message) => !known.queue.has(message.id));
    const texts = [...newTurns.flatMap((turn) => turn.prompt), ...steering, ...newlyQueued].map(
      ({ text }) => text ?? "",
    );
    for (const { text } of outbox.takeLost(sent, candidates, texts)) {
      on.returned(text, "The connection was lost before this was received. Send it again.");
    }
    on.changed();
  }

  const isRunning = () => statusOf(conversationId) === "active" || runningTurn(transcript) !== undefined;

  function post(text, via) {
    const fields =
      via === "queue"
        ? { type: "chat.queue", conversationId, text }
        : { type: "chat.send", conversationId, message: text, ...settings.carried() };
    if (!wire.send(fields)) return on.returned(text, "Not connected. The text stays here.");
    outbox.addText(sent, text, via);
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
    /** Texts on their way: via "send" or "queue". */
    waiting: (via) => sent.entries.filter((entry) => entry.via === via),
    queue: () => queue,
    /** Do the queued texts wait for the next one that is sent, because no turn runs (protocol 1.5.6)? */
    isQueueHeld: () => !isRunning() && statusOf(conversationId) === "queued",
    open: () => follower.open(isNew),
    close: follower.close,
    send: (text) => post(text, isRunning() ? "queue" : "send"),
    stop() {
      const turnId = runningTurn(transcript)?.turnId;
      wire.send({ type: "chat.cancel", conversationId, ...(turnId !== undefined && { turnId }) });
    },
    withdraw: (messageId) => wire.send({ type: "chat.queue.cancel", conversationId, messageId }),
    /** A new socket is open. */
    rejoin: () => follower.join(),
    lost,
    hearVerdict: follower.hearVerdict,
    hearDelta(message) {
      if (isUnborn) {
        isUnborn = false;
        settings.created();
        on.created();
      }
      outbox.seeEvent(sent, message.event);
      follower.hear(message);
    },
    hearQueue(spec) {
      queue = queuedMessages(spec);
      outbox.seeQueue(sent, queue, knownIds);
      knownIds = new Set(queue.map((message) => message.id));
      isQueueFresh = true;
      giveBack();
      on.changed();
    },
    /** A chat.error of this conversation. */
    hearRefusal(sentence) {
      const entry = outbox.takeRefused(sent);
      // Somebody else was faster: the text waits for that turn instead.
      if (entry?.via === "send" && sentence === turnRunning) return post(entry.text, "queue");
      on.returned(entry?.text ?? "", sentence);
      on.changed();
    },
  };
}

// Follows one conversation: subscribes, goes on after the last event it received where the server still has what came
// since (protocol 2, resume), and reads from the history what was left out. The order is what makes it safe (protocol
// 3): the subscription is in force before the history is read, so nothing falls between.
import { reconnectDelayMs } from "./backoff.js";
import { messageOf, statusOf } from "./http.js";
import {
  addEarlier,
  addHistory,
  addMetrics,
  continuesHistory,
  forgetHistory,
  showStored,
} from "./transcript/history.js";
import { addDelta, rejoin, settle } from "./transcript/live.js";
import { createTranscript } from "./transcript.js";

/**
 * @import { ChatSubscribed } from "../protocol/server-message.ts"
 * @import { Api } from "./api.js"
 * @import { Clock } from "./clock.js"
 * @import { Delta } from "./transcript.js"
 * @import { Wire } from "./wire.js"
 *
 * @typedef {ReturnType<typeof createFollower>} Follower
 * @typedef {Pick<Api, "history" | "metrics" | "status">} HistoryApi
 */

/** Chunks of the first reading, and of each reading of earlier ones. */
const pageChunks = 400;

/**
 * @param {object} options
 * @param {HistoryApi} options.api
 * @param {Pick<Wire, "send" | "barrier">} options.wire
 * @param {Clock} options.clock
 * @param {string} options.conversationId
 * @param {() => void} options.onChange
 * @param {(sentence: string | undefined) => void} options.onTrouble about reading the history
 * @param {() => void} options.onSettled the history is in step again after a new subscription
 */
export function createFollower({ api, wire, clock, conversationId, onChange, onTrouble, onSettled }) {
  const transcript = createTranscript();
  let isOpen = false;
  let isClosed = false;
  let isRead = false;
  let joins = 0;
  let retries = 0;
  /** @type {unknown} */
  let timer;
  /** Readings happen one after the other: two at once could add the same chunks in the wrong order. */
  let reading = Promise.resolve();

  /**
   * Runs one reading after those before it; a failure is shown and tried again later.
   * @param {() => Promise<void>} task
   */
  function read(task) {
    reading = reading.then(async () => {
      if (isClosed) return;
      try {
        await task();
        retries = 0;
        onTrouble(undefined);
      } catch (error) {
        if (isClosed || statusOf(error) === 401) return;
        onTrouble(`The history could not be read: ${messageOf(error)}`);
        clock.clearTimeout(timer);
        timer = clock.setTimeout(() => read(task), reconnectDelayMs(retries++, clock.random()));
      }
      if (!isClosed) onChange();
    });
    return reading;
  }

  /** Worth less than the history: without them that is shown all the same. */
  const readMetrics = () => api.metrics(conversationId).catch(() => ({ turns: [] }));

  async function readFirst() {
    if (isRead) return;
    const [history, metrics] = await Promise.all([api.history(conversationId, { limit: pageChunks }), readMetrics()]);
    if (isClosed) return;
    addHistory(transcript, history);
    addMetrics(transcript, metrics);
    isRead = true;
  }

  /** What was stored since; everything anew when the history was renumbered meanwhile. */
  async function readNewer() {
    if (!isRead) return readFirst();
    // The last chunk known is read once more, as the proof that the numbers still mean the same.
    const history = await api.history(conversationId, { sinceSeq: Math.max(0, transcript.latestSeq - 1) });
    if (isClosed) return;
    if (!continuesHistory(transcript, history)) return readAnew();
    addHistory(transcript, history);
    addMetrics(transcript, await readMetrics());
  }

  function readAnew() {
    forgetHistory(transcript);
    isRead = false;
    return readFirst();
  }

  /** Once for every socket: subscribe, wait until that is in force, then compare with what is stored. */
  async function join() {
    if (!isOpen || isClosed) return;
    const after = transcript.cursor;
    if (!wire.send({ type: "chat.subscribe", conversationId, ...(after && { after }) })) return;
    const mine = ++joins;
    const isInForce = await wire.barrier();
    if (!isInForce || mine !== joins) return;
    await read(async () => {
      const { isActive } = await api.status(conversationId);
      await readNewer();
      if (isClosed || mine !== joins) return;
      settle(transcript, isActive);
      onSettled();
    });
  }

  /** An event is missing, which no well-behaved server lets happen: a new subscription brings it. */
  function repair() {
    wire.send({ type: "chat.unsubscribe", conversationId });
    join();
  }

  return {
    transcript,
    /** @param {boolean} isNew a conversation that this page is about to create: there is nothing to read yet */
    open(isNew) {
      isOpen = true;
      isRead = isNew;
      if (!isNew) read(readFirst);
      join();
    },
    /** A new socket is open. Before open(), there is nothing to follow. */
    join,
    /**
     * A chat.subscribed, before the replay: exactly what was missed, or the running turn anew.
     * @param {Pick<ChatSubscribed, "epoch" | "seq" | "turnId" | "recovered">} subscribed
     */
    receiveSubscribed({ epoch, seq, turnId, recovered }) {
      if (recovered) return;
      rejoin(transcript);
      // Nothing comes before the next turn's first event.
      if (turnId === null) transcript.cursor = { epoch, seq };
    },
    /** @param {Delta} delta */
    receiveDelta(delta) {
      const outcome = addDelta(transcript, delta);
      if (outcome === "hole") return repair();
      if (outcome === "repeated") return;
      const { type, turnId } = delta.event;
      const isStart = type === "turn-start";
      if ((isStart || type === "turn-sealed") && transcript.byId.get(turnId)?.lacksPrompt) {
        read(async () => {
          await readNewer();
          if (!isStart) showStored(transcript, turnId);
        });
      }
      onChange();
    },
    /** The conversation was compacted: its history has new numbers. */
    readAnew: () => read(readAnew),
    readEarlier: () =>
      read(async () => {
        const selection = { beforeSeq: transcript.firstSeq, limit: pageChunks };
        const [history, metrics] = await Promise.all([api.history(conversationId, selection), readMetrics()]);
        addEarlier(transcript, history);
        addMetrics(transcript, metrics);
      }),
    close() {
      isClosed = true;
      clock.clearTimeout(timer);
      if (isOpen) wire.send({ type: "chat.unsubscribe", conversationId });
    },
  };
}

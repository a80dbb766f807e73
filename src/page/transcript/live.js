// What the socket brings of a conversation goes into its transcript: new events, and replays of known ones.
import { createTurn, rebuild, replaceContent } from "../transcript.js";
import { addEvent, emptyContent } from "../turn-content.js";

/**
 * @import { TurnEvent } from "../../protocol/turn-event.ts"
 * @import { Delta, Transcript, Turn } from "../transcript.js"
 */

/**
 * On a new subscription: a turn that still runs is going to be replayed from its first event.
 * @param {Transcript} transcript
 */
export function rejoin(transcript) {
  transcript.cursor = undefined;
  for (const turn of transcript.turns) {
    if (!turn.live || turn.phase === "sealed") continue;
    turn.isStale = true;
    turn.replay = undefined;
  }
}

/**
 * Adds one chat.delta. "added"; "repeated": known already, nothing changed; "hole": something is missing before it,
 * nothing changed, subscribe anew.
 * @param {Transcript} transcript
 * @param {Delta} delta
 */
export function addDelta(transcript, { event, epoch, seq, fromSeq }) {
  const { cursor } = transcript;
  if (cursor) {
    const first = fromSeq ?? seq;
    const isNext = epoch === cursor.epoch ? first === cursor.seq + 1 : first === 1;
    if (!isNext) return epoch === cursor.epoch && seq <= cursor.seq ? "repeated" : "hole";
  }
  transcript.cursor = { epoch, seq };
  const turn = transcript.byId.get(event.turnId) ?? appendLive(transcript, event.turnId);
  if (turn.isStale) addReplayed(turn, event, epoch, seq);
  else {
    if (!turn.live) followLive(turn);
    addEvent(turn, event);
    turn.epoch = epoch;
    turn.seq = seq;
  }
  return "added";
}

/**
 * @param {Transcript} transcript
 * @param {string} turnId
 */
function appendLive(transcript, turnId) {
  const turn = createTurn(turnId);
  turn.live = true;
  transcript.turns.push(turn);
  transcript.byId.set(turnId, turn);
  return turn;
}

/**
 * Known from the history until now, and here comes its first event. Images stay: no event brings them.
 * @param {Turn} turn
 */
function followLive(turn) {
  replaceContent(turn, { ...emptyContent(), prompt: turn.prompt });
  turn.live = true;
}

/**
 * A replay is built aside until it has caught up with what is shown, so that a reader never sees an answer shrink and
 * grow again.
 * @param {Turn} turn
 * @param {TurnEvent} event
 * @param {string} epoch
 * @param {number} seq
 */
function addReplayed(turn, event, epoch, seq) {
  turn.replay ??= {
    content: { ...emptyContent(), prompt: turn.prompt },
    catchUpSeq: epoch === turn.epoch ? turn.seq : 0,
  };
  const { content, catchUpSeq } = turn.replay;
  addEvent(content, event);
  if (seq < catchUpSeq && content.phase !== "sealed") return;
  replaceContent(turn, content);
  turn.epoch = epoch;
  turn.seq = seq;
  turn.isStale = false;
  turn.replay = undefined;
}

/**
 * After a new subscription is in force and the history was read: a turn that is not running any more gets no replay;
 * what is stored of it is the whole of it.
 * @param {Transcript} transcript
 * @param {boolean} runs is a turn running in the conversation (asked before the reading)?
 */
export function settle(transcript, runs) {
  for (const turn of transcript.turns) {
    const isOver = !runs || turn !== transcript.turns.at(-1);
    if (!turn.isStale || turn.replay || !isOver) continue;
    if (turn.stored.length > 0) rebuild(turn);
    else {
      turn.isStale = false;
      turn.phase = "sealed";
    }
  }
}

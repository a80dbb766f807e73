// What a conversation looks like to a reader: turns in order, each either read from the history or followed live. Pure
// state, no DOM and no I/O. Must never show a word twice nor lose one, whatever order replay and history come in.
//
// A turn followed live is built from its events and leaves its stored chunks aside; any other is built from chunks.
import { addChunk, addEvent, emptyContent } from "./turn-content.js";

/**
 * @import { StreamCursor } from "../protocol/chat-subscribe.ts"
 * @import { StoredChunk } from "../protocol/chunk.ts"
 * @import { TurnEvent } from "../protocol/turn-event.ts"
 * @import { History, Metrics } from "./api.js"
 * @import { Content } from "./turn-content.js"
 *
 * @typedef {object} TurnPlace
 * @property {string | undefined} turnId Undefined for chunks that name no turn.
 * @property {boolean} live
 * @property {number} version Raised: it is to be drawn anew from its start.
 * @property {StoredChunk[]} stored
 * @property {boolean} isStale It was followed on a connection that is lost, and a replay may come.
 * @property {{ content: Content, catchUpSeq: number } | undefined} replay
 * @property {string} epoch Of its last event, with seq.
 * @property {number} seq
 *
 * @typedef {Content & TurnPlace} Turn
 *
 * @typedef {object} Transcript
 * @property {Turn[]} turns
 * @property {Map<string, Turn>} byId
 * @property {number} firstSeq Of the first stored chunk that was read; 0 when none.
 * @property {number} latestSeq Of the last one.
 * @property {string | undefined} lastChunk As JSON.
 * @property {Turn | undefined} lastTurn The turn that the last chunk belongs to.
 * @property {StreamCursor | undefined} cursor The last event received; undefined after a join, when the running turn
 * comes again from its start.
 *
 * @typedef {{ event: TurnEvent, epoch: string, seq: number, fromSeq?: number }} Delta The fields of a chat.delta.
 */

/** @returns {Transcript} */
export function createTranscript() {
  return {
    turns: [],
    byId: new Map(),
    firstSeq: 0,
    latestSeq: 0,
    lastChunk: undefined,
    lastTurn: undefined,
    cursor: undefined,
  };
}

/**
 * @param {string | undefined} turnId
 * @returns {Turn}
 */
function createTurn(turnId) {
  const place = { turnId, live: false, version: 0, stored: [], isStale: false, replay: undefined, epoch: "", seq: 0 };
  return { ...place, ...emptyContent() };
}

// ── history ────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Adds chunks that follow what was read before. Chunks read already are left out.
 * @param {Transcript} transcript
 * @param {History} history
 */
export function addHistory(transcript, { chunks }) {
  for (const stored of chunks) {
    if (stored.seq <= transcript.latestSeq) continue;
    const turn = turnOfChunk(transcript, stored);
    transcript.lastTurn = turn;
    turn.stored.push(stored);
    if (!turn.live) addChunk(turn, stored);
    else addMissingPrompt(turn, stored);
    transcript.firstSeq ||= stored.seq;
    transcript.latestSeq = stored.seq;
    transcript.lastChunk = JSON.stringify(stored);
  }
}

/**
 * @param {Transcript} transcript
 * @param {StoredChunk} stored
 */
function turnOfChunk(transcript, { turnId, role }) {
  if (turnId !== undefined) return transcript.byId.get(turnId) ?? placeTurn(transcript, createTurn(turnId));
  const last = transcript.lastTurn;
  const opensTurn = role === "user" && last?.stored.at(-1)?.role !== "user";
  if (last && last.turnId === undefined && !opensTurn) return last;
  return placeTurn(transcript, createTurn(undefined));
}

/**
 * A turn that was only read from the history belongs before one that is running now.
 * @param {Transcript} transcript
 * @param {Turn} turn
 */
function placeTurn(transcript, turn) {
  const running = transcript.turns.findIndex((other) => other.live && !other.isStale && other.stored.length === 0);
  transcript.turns.splice(running === -1 ? transcript.turns.length : running, 0, turn);
  if (turn.turnId !== undefined) transcript.byId.set(turn.turnId, turn);
  return turn;
}

/**
 * Events bring the user's text but no images, and in the core profile not even the text: both stand in the history.
 * @param {Turn} turn
 * @param {StoredChunk} stored
 */
function addMissingPrompt(turn, stored) {
  if (stored.role !== "user" || turn.answer.some((block) => block.kind === "steering")) return;
  const isMissing = stored.chunk.type === "image" || !turn.prompt.some((block) => block.kind === "user");
  if (!isMissing || turn.stored.some((chunk) => chunk.role === "assistant")) return;
  addChunk(turn, stored, turn.prompt);
  turn.version++;
}

/**
 * Adds chunks that come before everything read so far (asked for with beforeSeq).
 * @param {Transcript} transcript
 * @param {History} history
 */
export function addEarlier(transcript, { chunks }) {
  const earlier = chunks.filter((stored) => stored.seq < transcript.firstSeq);
  const [first] = earlier;
  if (!first) return;
  const before = createTranscript();
  addHistory(before, { chunks: earlier });
  transcript.firstSeq = first.seq;
  // The border may have cut a turn in two.
  const last = before.turns.at(-1);
  const cut = last?.turnId === undefined ? undefined : transcript.byId.get(last.turnId);
  if (last && cut) {
    before.turns.pop();
    cut.stored.unshift(...last.stored);
    if (!cut.live) rebuild(cut);
  }
  for (const turn of before.turns) if (turn.turnId !== undefined) transcript.byId.set(turn.turnId, turn);
  transcript.turns.unshift(...before.turns);
}

/**
 * Does this answer to "everything from the last chunk on" continue what was read? Not after a compaction.
 * @param {Transcript} transcript
 * @param {History} history
 */
export const continuesHistory = (transcript, { chunks }) =>
  transcript.latestSeq === 0 || (chunks.length > 0 && JSON.stringify(chunks[0]) === transcript.lastChunk);

/**
 * Forgets the history, for it was renumbered: all but the turns that are being followed right now.
 * @param {Transcript} transcript
 */
export function forgetHistory(transcript) {
  transcript.turns = transcript.turns.filter((turn) => turn.live && !turn.isStale && turn.phase === "running");
  transcript.byId = new Map();
  for (const turn of transcript.turns) {
    turn.stored = [];
    if (turn.turnId !== undefined) transcript.byId.set(turn.turnId, turn);
  }
  transcript.firstSeq = transcript.latestSeq = 0;
  transcript.lastChunk = transcript.lastTurn = undefined;
}

/**
 * Figures that events bring and chunks do not, and how each turn ended.
 * @param {Transcript} transcript
 * @param {Metrics} metrics
 */
export function addMetrics(transcript, { turns }) {
  for (const { turnId, reason, usage, durationMs } of turns) {
    const turn = transcript.byId.get(turnId);
    if (!turn) continue;
    turn.reason ??= reason;
    turn.usage ??= usage ?? undefined;
    turn.durationMs ??= durationMs;
  }
}

/**
 * Begins a turn's content again; it is to be drawn anew.
 * @param {Turn} turn
 * @param {Content} content
 */
function replaceContent(turn, content) {
  Object.assign(turn, content);
  turn.version++;
}

/**
 * Builds a turn from its chunks; the figures that only events bring stay.
 * @param {Turn} turn
 */
function rebuild(turn) {
  const { reason, usage, durationMs, contextSize } = turn;
  replaceContent(turn, { ...emptyContent(), reason, usage, durationMs, contextSize });
  turn.live = turn.isStale = false;
  turn.replay = undefined;
  for (const stored of turn.stored) addChunk(turn, stored);
}

/**
 * Shows a sealed turn as it is stored: its events left something out (the core event profile does).
 * @param {Transcript} transcript
 * @param {string} turnId
 */
export function showStored(transcript, turnId) {
  const turn = transcript.byId.get(turnId);
  if (turn?.phase === "sealed" && turn.stored.length > 0) rebuild(turn);
}

// ── live ───────────────────────────────────────────────────────────────────────────────────────────────────────────

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

/**
 * The turn that is being written now, if one is being followed.
 * @param {Transcript} transcript
 */
export function runningTurn(transcript) {
  const last = transcript.turns.findLast((turn) => turn.live);
  return last && last.phase !== "sealed" ? last : undefined;
}

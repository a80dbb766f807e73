// What is read of a conversation's history goes into its transcript, whatever was followed live meanwhile.
import { createTranscript, createTurn, rebuild } from "../transcript.js";
import { addChunk } from "../turn-content.js";

/**
 * @import { StoredChunk } from "../../protocol/chunk.ts"
 * @import { History, Metrics } from "../api.js"
 * @import { Transcript, Turn } from "../transcript.js"
 */

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
 * Shows a sealed turn as it is stored: its events left something out (the core event profile does).
 * @param {Transcript} transcript
 * @param {string} turnId
 */
export function showStored(transcript, turnId) {
  const turn = transcript.byId.get(turnId);
  if (turn?.phase === "sealed" && turn.stored.length > 0) rebuild(turn);
}

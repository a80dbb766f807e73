// What a conversation looks like to a reader: turns in order, each either read from the history or followed live. Pure
// state, no DOM and no I/O. Must never show a piece twice nor lose one, whatever order replay and history come in.
//
// A turn followed live is built from its events and leaves its stored chunks aside; any other is built from chunks.
// Turn: {key, turnId, live, version, prompt, answer, phase, …}; a raised version means: draw it anew from the start.
import { addChunk, addEvent, emptyContent } from "./turn-content.js";

export function createTranscript() {
  return {
    turns: [],
    byId: new Map(),
    /** seq of the first and last stored chunk read; 0 when none. */
    firstSeq: 0,
    latestSeq: 0,
    lastChunk: undefined,
    /** The turn that the last chunk belongs to. */
    lastTurn: undefined,
    /** The last event heard, {epoch, seq}; undefined after a join, when the running turn comes again from its start. */
    cursor: undefined,
  };
}

function createTurn(turnId, key) {
  return { key, turnId, live: false, version: 0, stored: [], replay: undefined, isStale: false, ...emptyContent() };
}

// ── history ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Adds chunks that follow what was read before. Chunks read already are left out. */
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

function turnOfChunk(transcript, { seq, turnId, role }) {
  if (turnId !== undefined) return transcript.byId.get(turnId) ?? placeTurn(transcript, createTurn(turnId, turnId));
  const last = transcript.lastTurn;
  const opensTurn = role === "user" && last?.stored.at(-1)?.role !== "user";
  if (last && last.turnId === undefined && !opensTurn) return last;
  return placeTurn(transcript, createTurn(undefined, `chunk-${seq}`));
}

/** A turn of the history that nobody saw live belongs before one that is running now. */
function placeTurn(transcript, turn) {
  const running = transcript.turns.findIndex((other) => other.live && !other.isStale && other.stored.length === 0);
  transcript.turns.splice(running === -1 ? transcript.turns.length : running, 0, turn);
  if (turn.turnId !== undefined) transcript.byId.set(turn.turnId, turn);
  return turn;
}

/** Events say the user's text but no images, and in the core profile not even the text: both stand in the history. */
function addMissingPrompt(turn, stored) {
  if (stored.role !== "user" || turn.answer.some((block) => block.kind === "steering")) return;
  const isMissing = stored.chunk.type === "image" || !turn.prompt.some((block) => block.kind === "user");
  if (!isMissing || turn.stored.some((chunk) => chunk.role === "assistant")) return;
  addChunk(turn, stored, turn.prompt);
  turn.version++;
}

/** Adds chunks that come before everything read so far (asked for with beforeSeq). */
export function addEarlier(transcript, { chunks }) {
  const earlier = chunks.filter((stored) => stored.seq < transcript.firstSeq);
  if (earlier.length === 0) return;
  const before = createTranscript();
  addHistory(before, { chunks: earlier });
  transcript.firstSeq = earlier[0].seq;
  // The border may have cut a turn in two.
  const last = before.turns.at(-1);
  const cut = last.turnId === undefined ? undefined : transcript.byId.get(last.turnId);
  if (cut) {
    before.turns.pop();
    cut.stored.unshift(...last.stored);
    if (!cut.live) rebuild(cut);
  }
  for (const turn of before.turns) if (turn.turnId !== undefined) transcript.byId.set(turn.turnId, turn);
  transcript.turns.unshift(...before.turns);
}

/** Does this answer to "everything from the last chunk on" continue what was read? Not after a compaction. */
export const continuesHistory = (transcript, { chunks }) =>
  transcript.latestSeq === 0 || (chunks.length > 0 && JSON.stringify(chunks[0]) === transcript.lastChunk);

/** Forgets the history, for it was renumbered: all but the turns that are being followed right now. */
export function forgetHistory(transcript) {
  transcript.turns = transcript.turns.filter((turn) => turn.live && !turn.isStale && turn.phase === "running");
  transcript.byId = new Map(transcript.turns.map((turn) => [turn.turnId, turn]));
  for (const turn of transcript.turns) turn.stored = [];
  transcript.firstSeq = transcript.latestSeq = 0;
  transcript.lastChunk = transcript.lastTurn = undefined;
}

/** Figures that events bring and chunks do not, and how each turn ended. */
export function addMetrics(transcript, { turns }) {
  for (const { turnId, reason, usage, durationMs } of turns) {
    const turn = transcript.byId.get(turnId);
    if (!turn) continue;
    turn.reason ??= reason;
    turn.usage ??= usage ?? undefined;
    turn.durationMs ??= durationMs;
  }
}

/** Builds a turn from its chunks; the figures that only events bring stay. */
function rebuild(turn) {
  const { reason, usage, durationMs, contextSize } = turn;
  Object.assign(turn, emptyContent(), { reason, usage, durationMs, contextSize });
  Object.assign(turn, { live: false, isStale: false, replay: undefined, version: turn.version + 1 });
  for (const stored of turn.stored) addChunk(turn, stored);
}

/** Shows a sealed turn as it is stored: its events left something out (the core event profile does). */
export function showStored(transcript, turnId) {
  const turn = transcript.byId.get(turnId);
  if (turn?.phase === "sealed" && turn.stored.length > 0) rebuild(turn);
}

// ── live ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** On a new subscription: a turn that still runs is going to be replayed from its first event. */
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
    Object.assign(turn, { epoch, seq });
  }
  return "added";
}

function appendLive(transcript, turnId) {
  const turn = Object.assign(createTurn(turnId, turnId), { live: true });
  transcript.turns.push(turn);
  transcript.byId.set(turnId, turn);
  return turn;
}

/** Known from the history until now, and here comes its first event. Images stay: no event brings them. */
function followLive(turn) {
  const prompt = turn.prompt;
  Object.assign(turn, emptyContent(), { live: true, version: turn.version + 1 });
  turn.prompt = prompt;
}

/**
 * A replay is built aside until it has caught up with what is shown, so that a reader never sees an answer shrink and
 * grow again.
 */
function addReplayed(turn, event, epoch, seq) {
  turn.replay ??= {
    content: { ...emptyContent(), prompt: turn.prompt },
    catchUpSeq: epoch === turn.epoch ? turn.seq : 0,
  };
  const { content, catchUpSeq } = turn.replay;
  addEvent(content, event);
  if (seq < catchUpSeq && content.phase !== "sealed") return;
  Object.assign(turn, content, { epoch, seq, isStale: false, replay: undefined, version: turn.version + 1 });
}

/**
 * After a new subscription is in force and the history was read: a turn that is not running any more gets no replay;
 * what is stored of it is the whole of it. runs: is a turn running in the conversation (asked before the reading)?
 */
export function settle(transcript, runs) {
  transcript.turns.forEach((turn, index) => {
    if (!turn.isStale || turn.replay) return;
    const isOver = !runs || index < transcript.turns.length - 1;
    if (!isOver) return;
    if (turn.stored.length > 0) rebuild(turn);
    else Object.assign(turn, { isStale: false, phase: "sealed" });
  });
}

/** The turn that is being written now, if one is being followed. */
export function runningTurn(transcript) {
  const last = transcript.turns.findLast((turn) => turn.live);
  return last && last.phase !== "sealed" ? last : undefined;
}

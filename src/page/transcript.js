// What a conversation looks like to a reader: turns in order, each either read from the history or followed live. Pure
// state, no DOM and no I/O. Must never show a word twice nor lose one, whatever order replay and history come in.
//
// A turn followed live is built from its events and leaves its stored chunks aside; any other is built from chunks.
import { addChunk, emptyContent } from "./turn-content.js";

/**
 * @import { StreamCursor } from "../protocol/chat-subscribe.ts"
 * @import { StoredChunk } from "../protocol/chunk.ts"
 * @import { TurnEvent } from "../protocol/turn-event.ts"
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
export function createTurn(turnId) {
  const place = { turnId, live: false, version: 0, stored: [], isStale: false, replay: undefined, epoch: "", seq: 0 };
  return { ...place, ...emptyContent() };
}

/**
 * Begins a turn's content again; it is to be drawn anew.
 * @param {Turn} turn
 * @param {Content} content
 */
export function replaceContent(turn, content) {
  Object.assign(turn, content);
  turn.version++;
}

/**
 * Builds a turn from its chunks; the figures that only events bring stay.
 * @param {Turn} turn
 */
export function rebuild(turn) {
  const { reason, usage, durationMs } = turn;
  replaceContent(turn, { ...emptyContent(), reason, usage, durationMs });
  turn.live = turn.isStale = false;
  turn.replay = undefined;
  for (const stored of turn.stored) addChunk(turn, stored);
}

/**
 * The turn that is being written now, if one is being followed.
 * @param {Transcript} transcript
 */
export function runningTurn(transcript) {
  const last = transcript.turns.findLast((turn) => turn.live);
  return last && last.phase !== "sealed" ? last : undefined;
}

// The list of conversations, kept current by broadcasts from the socket between two readings over HTTP. Pure.

/**
 * @import { ConversationSummary } from "../ports/conversations.ts"
 * @import { Broadcast } from "../protocol/broadcast.ts"
 *
 * @typedef {Extract<Broadcast, { type: "conversation.statusChanged" }>} StatusChanged
 * @typedef {{ rows: ConversationSummary[], changes: StatusChanged[] }} List Changes since the last reading began.
 */

/** @returns {List} */
export const createList = () => ({ rows: [], changes: [] });

/**
 * Starts a reading: a change from now on may be newer than what it brings.
 * @param {List} list
 */
export function beginReading(list) {
  list.changes = [];
}

/**
 * The rows of GET /conversations; changes that came while it was under way are applied again.
 * @param {List} list
 * @param {readonly ConversationSummary[]} rows
 * @param {number} nowMs
 */
export function finishReading(list, rows, nowMs) {
  list.rows = rows.map((row) => ({ ...row }));
  for (const change of list.changes) applyChange(list, change, nowMs);
  list.changes = [];
}

/**
 * True when the list has to be read again: the change is about a row without a title yet.
 * @param {List} list
 * @param {StatusChanged} change
 * @param {number} nowMs
 */
export function addChange(list, change, nowMs) {
  list.changes.push(change);
  applyChange(list, change, nowMs);
  return findRow(list, change.conversationId)?.title == null;
}

/**
 * @param {List} list
 * @param {StatusChanged} change
 * @param {number} nowMs
 */
function applyChange(list, { conversationId, status, workspaceId }, nowMs) {
  const known = findRow(list, conversationId);
  const row = known ?? { id: conversationId, createdAt: nowMs, lastActivityAt: 0, title: null, status, workspaceId };
  row.status = status;
  row.lastActivityAt = Math.max(nowMs, row.lastActivityAt);
  list.rows = [row, ...list.rows.filter((other) => other !== row)];
  list.rows.sort((a, b) => b.lastActivityAt - a.lastActivityAt);
}

/**
 * @param {List} list
 * @param {string} id
 */
export const findRow = (list, id) => list.rows.find((row) => row.id === id);

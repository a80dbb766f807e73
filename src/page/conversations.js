// The list of conversations, kept current by broadcasts from the socket between two readings over HTTP. Pure.

/**
 * @import { ConversationSummary } from "../ports/conversations.ts"
 * @import { Broadcast } from "../protocol/broadcast.ts"
 *
 * @typedef {Extract<Broadcast, { type: "conversation.statusChanged" }>} StatusChanged
 */

export function createList() {
  /** @type {ConversationSummary[]} */
  let rows = [];
  /**
   * Since the last reading began.
   * @type {StatusChanged[]}
   */
  let changes = [];

  /** @param {string} id */
  const find = (id) => rows.find((row) => row.id === id);

  /**
   * @param {StatusChanged} change
   * @param {number} nowMs
   */
  function apply({ conversationId, status, workspaceId }, nowMs) {
    const known = find(conversationId);
    const row = known ?? { id: conversationId, createdAt: nowMs, lastActivityAt: 0, title: null, status, workspaceId };
    row.status = status;
    row.lastActivityAt = Math.max(nowMs, row.lastActivityAt);
    rows = [row, ...rows.filter((other) => other !== row)].sort((a, b) => b.lastActivityAt - a.lastActivityAt);
  }

  return {
    rows: () => rows,
    find,
    /** Starts a reading: a change from now on may be newer than what it brings. */
    beginReading() {
      changes = [];
    },
    /**
     * The rows of GET /conversations; changes that came while it was under way are applied again.
     * @param {readonly ConversationSummary[]} read
     * @param {number} nowMs
     */
    finishReading(read, nowMs) {
      rows = read.map((row) => ({ ...row }));
      for (const change of changes) apply(change, nowMs);
    },
    /**
     * True when the list has to be read again: the change is about a row without a title yet.
     * @param {StatusChanged} change
     * @param {number} nowMs
     */
    addChange(change, nowMs) {
      changes.push(change);
      apply(change, nowMs);
      return find(change.conversationId)?.title == null;
    },
  };
}

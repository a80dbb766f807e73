// The list of conversations, kept current by news from the socket between two readings over HTTP. Pure.

export const createList = () => ({ rows: [], news: [] });

/** Starts a reading: news from now on may be newer than what it brings. */
export function beginReading(list) {
  list.news = [];
}

/** The rows of GET /conversations; news that came while it was under way is applied again. */
export function finishReading(list, rows, nowMs) {
  list.rows = rows.map((row) => ({ ...row }));
  for (const message of list.news) applyStatus(list, message, nowMs);
  list.news = [];
}

/** A conversation.statusChanged. True when the list has to be read again: it is about a row without a title yet. */
export function addNews(list, message, nowMs) {
  list.news.push(message);
  applyStatus(list, message, nowMs);
  return findRow(list, message.conversationId)?.title == null;
}

function applyStatus(list, { conversationId, status, workspaceId }, nowMs) {
  const known = findRow(list, conversationId);
  const row = known ?? { id: conversationId, createdAt: nowMs, title: null, workspaceId };
  Object.assign(row, { status, lastActivityAt: Math.max(nowMs, row.lastActivityAt ?? 0) });
  list.rows = [row, ...list.rows.filter((other) => other !== row)];
  list.rows.sort((a, b) => b.lastActivityAt - a.lastActivityAt);
}

export const findRow = (list, id) => list.rows.find((row) => row.id === id);

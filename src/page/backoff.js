// When to come back after a lost socket, and what a close code says about it (protocol 2). Pure.

const firstDelayMs = 500;
/** Longer would leave a reader waiting beside a healthy server; shorter would keep knocking at a dead one. */
const delayMaxMs = 20_000;

/** Exponential, with half of it left to chance so that a thousand pages do not return in one moment. */
export function reconnectDelayMs(attempt, random) {
  const ceiling = Math.min(delayMaxMs, firstDelayMs * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

/** Own codes from 4500 on mean: do not come back. */
export const comesBack = (code) => code < 4500 || code > 4999;

const meanings = new Map([
  [1001, "the server went away"],
  [1009, "a message was too large"],
  [1011, "the server had an internal error"],
  [1012, "the server is restarting"],
  [4001, "this connection read too slowly"],
  [4002, "this connection fell silent"],
  [4003, "too many requests"],
  [4004, "the server is full"],
  [4501, "this page is not authorised"],
  [4502, "the authorisation has ended"],
]);

/** Why the socket closed, as the second half of a sentence; empty when there is nothing to say. */
export const closeMeaning = (code, reason = "") => meanings.get(code) ?? reason;

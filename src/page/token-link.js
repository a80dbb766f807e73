// The link that a server prints at its start has its token behind "#token=", which no browser sends. The token is taken
// out of the address bar at once, so that no bookmark, history or shared link keeps it.

/**
 * The token in the address, which no longer has it then; undefined when there is none.
 * @param {Pick<Location, "hash" | "pathname" | "search">} location
 * @param {Pick<History, "replaceState">} history
 */
export function takeToken({ hash, pathname, search }, history) {
  const [, token] = /^#token=([!-~]+)$/.exec(hash) ?? [];
  if (token !== undefined) history.replaceState(null, "", pathname + search);
  return token;
}

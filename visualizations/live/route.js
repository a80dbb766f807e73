// Which actor the address names: "#/a/<id>/<run>". The run is the server's start, because another start gives the same
// ids to other actors.

/**
 * @param {string} id
 * @param {number} startedAt
 */
export const hashOf = (id, startedAt) => `#/a/${encodeURIComponent(id)}/${startedAt.toString(36)}`;

/**
 * What a hash names; undefined when it names no actor. startedAt is undefined when the hash does not say.
 * @param {string} hash
 * @returns {{ id: string, startedAt: number | undefined } | undefined}
 */
export function routeOf(hash) {
  const [, id, run] = /^#\/a\/([^/]+)(?:\/([0-9a-z]+))?$/.exec(hash) ?? [];
  if (id === undefined) return undefined;
  try {
    return { id: decodeURIComponent(id), startedAt: run === undefined ? undefined : Number.parseInt(run, 36) };
  } catch {
    return undefined;
  }
}

// Which actor the address names: "#/a/<id>/<run>". The run is the server's start, because another start gives the same
// ids to other actors.

export const hashOf = (id, startedAt) => `#/a/${encodeURIComponent(id)}/${startedAt.toString(36)}`;

/** {id, startedAt} of a hash; undefined when it names no actor. startedAt is undefined when the hash does not say. */
export function routeOf(hash) {
  const [, id, run] = /^#\/a\/([^/]+)(?:\/([0-9a-z]+))?$/.exec(hash) ?? [];
  if (id === undefined) return undefined;
  try {
    return { id: decodeURIComponent(id), startedAt: run === undefined ? undefined : Number.parseInt(run, 36) };
  } catch {
    return undefined;
  }
}

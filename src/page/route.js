// Which conversation the address names: "#/c/<id>", so that a reload and a bookmark lead back to it; anything else is
// the beginning of a new one.

/** @param {string} conversationId */
export const hashOf = (conversationId) => `#/c/${encodeURIComponent(conversationId)}`;

/**
 * The id in a hash, or undefined.
 * @param {string} hash
 */
export function idOf(hash) {
  const [, id] = /^#\/c\/(.+)$/.exec(hash) ?? [];
  try {
    return id === undefined ? undefined : decodeURIComponent(id);
  } catch {
    return undefined;
  }
}

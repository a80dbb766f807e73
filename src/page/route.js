// Which conversation the address names: "#/c/<id>", so that a reload and a bookmark lead back to it; anything else is
// the beginning of a new one.

export const hashOf = (conversationId) => `#/c/${encodeURIComponent(conversationId)}`;

/** The id in a hash, or undefined. */
export function idOf(hash) {
  const match = /^#\/c\/(.+)$/.exec(hash);
  try {
    return match ? decodeURIComponent(match[1]) : undefined;
  } catch {
    return undefined;
  }
}

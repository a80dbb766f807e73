// The surfaces of the server that this page looks at: which there are, which are subscribed, the newest spec of each. A
// new socket starts from nothing, so everything wanted is asked for again.

/** These belong to one conversation; every other surface is asked for without one. */
const perConversation = new Set(["conversation", "message-queue"]);

const keyOf = (surfaceId, conversationId) => JSON.stringify([surfaceId, conversationId ?? null]);

export function createSurfaces({ wire, onChange }) {
  let catalog = [];
  /** By key: {surfaceId, conversationId?, spec?, error?} */
  let watched = new Map();

  const message = (type, { surfaceId, conversationId }, rest = {}) => ({
    type,
    surfaceId,
    ...(conversationId !== undefined && { conversationId }),
    ...rest,
  });

  const offers = (surfaceId) => catalog.some((entry) => entry.id === surfaceId);

  function show(surfaceId, conversationId, change) {
    const surface = watched.get(keyOf(surfaceId, conversationId));
    if (!surface) return;
    Object.assign(surface, change);
    onChange(surface);
  }

  return {
    catalog: () => catalog,
    watched: () => [...watched.values()],
    find: (surfaceId, conversationId) => watched.get(keyOf(surfaceId, conversationId)),
    /** Which of these surface ids, seen from this conversation (or from none), are there to be watched? */
    keysFor: (surfaceIds, conversationId) =>
      surfaceIds
        .filter((surfaceId) => offers(surfaceId) && (conversationId !== undefined || !perConversation.has(surfaceId)))
        .map((surfaceId) => (perConversation.has(surfaceId) ? { surfaceId, conversationId } : { surfaceId })),
    /** Watches exactly these from now on. */
    want(keys) {
      const next = new Map();
      for (const key of keys) {
        const id = keyOf(key.surfaceId, key.conversationId);
        const known = watched.get(id);
        if (!known) wire.send(message("subscribe", key));
        next.set(id, known ?? { ...key });
      }
      for (const [id, surface] of watched) if (!next.has(id)) wire.send(message("unsubscribe", surface));
      watched = next;
    },
    /** A new socket is open. */
    rejoin() {
      for (const surface of watched.values()) wire.send(message("subscribe", surface));
    },
    /** False when the message is about no surface. */
    hear(received) {
      if (received.type === "catalog") catalog = received.catalog;
      else if (received.type === "surface")
        show(received.spec.id, received.conversationId, { spec: received.spec, error: undefined });
      else if (received.type === "update") {
        const { surfaceId, conversationId, spec } = received.update;
        show(surfaceId, conversationId, { spec, error: undefined });
      } else if (received.type === "error" && received.surfaceId !== undefined)
        show(received.surfaceId, received.conversationId, { error: received.message });
      else return false;
      return true;
    },
    invoke(surface, actionId, payload) {
      surface.error = undefined;
      const isSent = wire.send(message("invoke", surface, { actionId, ...(payload !== undefined && { payload }) }));
      if (!isSent) show(surface.surfaceId, surface.conversationId, { error: "Not connected: nothing was changed." });
    },
  };
}

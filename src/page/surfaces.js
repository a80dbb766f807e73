// The surfaces of the server that this page shows: which there are, which are subscribed, the newest spec of each. A
// new socket starts from nothing, so everything wanted is asked for again.

/**
 * @import { CatalogEntry, Spec } from "../protocol/surface.ts"
 * @import { Received, Wire } from "./wire.js"
 *
 * @typedef {{ surfaceId: string, conversationId?: string | undefined }} SurfaceKey
 * @typedef {SurfaceKey & { spec?: Spec, error?: string | undefined }} Surface
 * @typedef {ReturnType<typeof createSurfaces>} Surfaces
 */

/** These belong to one conversation; every other surface is asked for without one. */
const perConversation = new Set(["conversation", "message-queue"]);

/** @param {SurfaceKey} surface */
const keyOf = ({ surfaceId, conversationId }) => JSON.stringify([surfaceId, conversationId ?? null]);

/**
 * How a request names a surface.
 * @param {SurfaceKey} surface
 */
const named = ({ surfaceId, conversationId }) => ({
  surfaceId,
  ...(conversationId !== undefined && { conversationId }),
});

/**
 * @param {object} options
 * @param {Pick<Wire, "send">} options.wire
 * @param {(surface: Surface) => void} options.onChange
 */
export function createSurfaces({ wire, onChange }) {
  /** @type {CatalogEntry[]} */
  let catalog = [];
  /** @type {Map<string, Surface>} */
  let watched = new Map();

  /** @param {string} surfaceId */
  const offers = (surfaceId) => catalog.some((entry) => entry.id === surfaceId);

  /**
   * @param {SurfaceKey} key
   * @param {Pick<Surface, "spec" | "error">} change
   */
  function show(key, change) {
    const surface = watched.get(keyOf(key));
    if (!surface) return;
    Object.assign(surface, change);
    onChange(surface);
  }

  return {
    catalog: () => catalog,
    offers,
    watched: () => [...watched.values()],
    /**
     * Which of these surfaces, seen from this conversation (or from none), are there to be watched?
     * @param {readonly string[]} surfaceIds
     * @param {string | undefined} conversationId
     * @returns {SurfaceKey[]}
     */
    keysFor: (surfaceIds, conversationId) =>
      surfaceIds
        .filter((surfaceId) => offers(surfaceId) && (conversationId !== undefined || !perConversation.has(surfaceId)))
        .map((surfaceId) => (perConversation.has(surfaceId) ? { surfaceId, conversationId } : { surfaceId })),
    /**
     * Watches exactly these from now on.
     * @param {readonly SurfaceKey[]} keys
     */
    want(keys) {
      const next = new Map();
      for (const key of keys) {
        const id = keyOf(key);
        const known = watched.get(id);
        if (!known) wire.send({ type: "subscribe", ...named(key) });
        next.set(id, known ?? { ...key });
      }
      for (const [id, surface] of watched) if (!next.has(id)) wire.send({ type: "unsubscribe", ...named(surface) });
      watched = next;
    },
    /** A new socket is open. */
    rejoin() {
      for (const surface of watched.values()) wire.send({ type: "subscribe", ...named(surface) });
    },
    /**
     * False when the message is about no surface.
     * @param {Received} message
     */
    receive(message) {
      if (message.type === "catalog") catalog = message.catalog;
      else if (message.type === "surface")
        show({ ...message, surfaceId: message.spec.id }, { spec: message.spec, error: undefined });
      else if (message.type === "update") show(message.update, { spec: message.update.spec, error: undefined });
      else if (message.type === "error" && message.surfaceId !== undefined)
        show({ ...message, surfaceId: message.surfaceId }, { error: message.message });
      else return false;
      return true;
    },
    /**
     * @param {Surface} surface
     * @param {string} actionId
     * @param {unknown} payload
     */
    invoke(surface, actionId, payload) {
      surface.error = undefined;
      const isSent = wire.send({
        type: "invoke",
        ...named(surface),
        actionId,
        ...(payload !== undefined && { payload }),
      });
      if (!isSent) show(surface, { error: "Not connected: nothing was changed." });
    },
  };
}

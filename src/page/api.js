// The HTTP side of the public wire (protocol 3), as far as the page uses it.
import { createHttp, statusOf } from "./http.js";

/**
 * @import { ConversationSummary, ModelCatalog, TurnMetrics } from "../ports/conversations.ts"
 * @import { ReasoningEffort } from "../protocol/chat-send.ts"
 * @import { StoredChunk } from "../protocol/chunk.ts"
 * @import { HttpOptions } from "./http.js"
 *
 * @typedef {{ chunks: StoredChunk[] }} History
 * @typedef {{ sinceSeq?: number, beforeSeq?: number, limit?: number }} HistorySelection
 * @typedef {{ turns: TurnMetrics[] }} Metrics
 * @typedef {ReturnType<typeof createApi>} Api
 */

/** @param {HttpOptions} options */
export function createApi(options) {
  const http = createHttp(options);

  /**
   * @param {string} id
   * @param {string} [rest]
   */
  const of = (id, rest = "") => `conversations/${encodeURIComponent(id)}${rest}`;

  /**
   * @param {string} path
   * @param {object} fields
   */
  const put = (path, fields) => http.json(path, { method: "PUT", body: JSON.stringify(fields) });

  /** @param {string} path */
  const post = (path) => http.json(path, { method: "POST" });

  return {
    useToken: http.useToken,
    /**
     * What to offer when the WebSocket is opened. A ticket is good for one use, so each socket needs a new one.
     * @param {boolean} lastFailed
     */
    async subprotocols(lastFailed) {
      if (http.hasToken()) {
        /** @type {{ ticket: string }} */
        const { ticket } = await post("ticket");
        return ["turnwire.v1", `turnwire.ticket.${ticket}`];
      }
      // A refused upgrade looks like any other failure to a page; a plain request tells whether a token is missing.
      if (lastFailed)
        await http.ask("models").catch((error) => {
          if (statusOf(error) === 401) throw error;
        });
      return ["turnwire.v1"];
    },
    /** @returns {Promise<ModelCatalog>} */
    models: () => http.json("models"),
    /** @returns {Promise<{ conversations: ConversationSummary[] }>} */
    conversations: () => http.json("conversations"),
    /**
     * @param {string} id
     * @param {HistorySelection} [selection]
     * @returns {Promise<History>}
     */
    history(id, selection = {}) {
      const query = Object.entries(selection).map(([name, value]) => [name, String(value)]);
      return http.json(of(id, `?${new URLSearchParams(query)}`));
    },
    /**
     * @param {string} id
     * @returns {Promise<Metrics>}
     */
    metrics: (id) => http.json(of(id, "/metrics")),
    /**
     * @param {string} id
     * @returns {Promise<{ isActive: boolean }>}
     */
    status: (id) => http.json(of(id, "/status")),
    /**
     * @param {string} id
     * @returns {Promise<{ model: string | null }>}
     */
    model: (id) => http.json(of(id, "/model")),
    /**
     * @param {string} id
     * @returns {Promise<{ reasoningEffort: ReasoningEffort | null }>}
     */
    effort: (id) => http.json(of(id, "/reasoning-effort")),
    /**
     * @param {string} id
     * @param {string | null} model
     */
    putModel: (id, model) => put(of(id, "/model"), { model }),
    /**
     * @param {string} id
     * @param {ReasoningEffort | null} reasoningEffort
     */
    putEffort: (id, reasoningEffort) => put(of(id, "/reasoning-effort"), { reasoningEffort }),
    /**
     * @param {string} id
     * @param {string | null} title
     */
    putTitle: (id, title) => put(of(id, "/title"), { title }),
    /** @param {string} id */
    compact: (id) => post(of(id, "/compact")),
    /** @param {string} id */
    close: (id) => post(of(id, "/close")),
  };
}

// What the page asks of its server, under /inspect.
import { createHttp } from "/http.js";

/**
 * @import { HttpOptions } from "/http.js"
 * @import { ActorDetail, ActorsFound, Overview, RecordsFound } from "../../src/diagnostics/inspection/answers.ts"
 *
 * @typedef {ReturnType<typeof createApi>} Api
 */

/** @param {HttpOptions} options whose stores are the same as the chat page's */
export function createApi(options) {
  const http = createHttp(options);

  /** @param {string} id */
  const of = (id) => `actors/${encodeURIComponent(id)}`;

  return {
    useToken: http.useToken,
    /** @returns {Promise<Overview>} */
    overview: () => http.json("overview"),
    /**
     * @param {URLSearchParams} query
     * @returns {Promise<ActorsFound>}
     */
    actors: (query) => http.json(`actors?${query}`),
    /**
     * @param {string} id
     * @returns {Promise<ActorDetail>}
     */
    actor: (id) => http.json(of(id)),
    /**
     * The events of one actor, until the signal is aborted.
     * @param {string} id
     * @param {AbortSignal} signal
     */
    stream: (id, signal) => http.ask(`${of(id)}/stream`, { signal }),
    /** @returns {Promise<RecordsFound>} */
    records: () => http.json("records"),
    /**
     * A recording, as text: it is read like a file.
     * @param {string} id
     */
    async record(id) {
      const response = await http.ask(`records/${encodeURIComponent(id)}`);
      return await response.text();
    },
    /**
     * What all actors of a conversation do, until the signal is aborted.
     * @param {string} id
     * @param {AbortSignal} signal
     */
    conversation: (id, signal) => http.ask(`stream?${new URLSearchParams({ conversationId: id })}`, { signal }),
    /**
     * A machine as JSON text.
     * @param {string} name
     */
    async machine(name) {
      const response = await http.ask(`charts/${name}.json`);
      return await response.text();
    },
    /**
     * The picture of a chart, as text.
     * @param {string} name
     */
    async picture(name) {
      const response = await http.ask(`charts/${name}.svg`);
      return await response.text();
    },
  };
}

// Asks the page's own server over HTTP. What fails is an ApiError that a person can read. The token stays in this
// browser and goes nowhere but to that server.

const timeoutMs = 15_000;
const tokenKey = "turnwire.token";

export class ApiError extends Error {
  /**
   * @param {number} status 0 when the server was not reached
   * @param {string} message
   * @param {number} [retryAfterMs]
   */
  constructor(status, message, retryAfterMs) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * The HTTP status of what was thrown, 0 when the server was not reached; undefined when it is no ApiError.
 * @param {unknown} error
 */
export const statusOf = (error) => (error instanceof ApiError ? error.status : undefined);

/** @param {unknown} error */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} Store
 *
 * @typedef {object} HttpOptions
 * @property {URL} base
 * @property {(url: URL, init: RequestInit) => Promise<Response>} fetch
 * @property {[session: Store, device: Store]} stores Of this session, and of this browser.
 * @property {(wasRefused: boolean) => void} onUnauthorised A token is missing, or the one that was sent is refused.
 */

/** @param {HttpOptions} options */
export function createHttp({ base, fetch, stores: [session, device], onUnauthorised }) {
  let token = session.getItem(tokenKey) ?? device.getItem(tokenKey) ?? "";

  /**
   * @param {string} path
   * @param {RequestInit} init
   */
  async function send(path, init) {
    const headers = {
      ...(token !== "" && { authorization: `Bearer ${token}` }),
      ...(init.body !== undefined && { "content-type": "application/json" }),
    };
    try {
      return await fetch(new URL(path, base), { ...init, headers, cache: "no-store" });
    } catch {
      throw new ApiError(0, "The server cannot be reached.");
    }
  }

  /**
   * The response, which is a success. Ends within a deadline unless it is given a signal of its own.
   * @param {string} path
   * @param {RequestInit} [init]
   */
  async function ask(path, init = {}) {
    const response = await send(path, { signal: AbortSignal.timeout(timeoutMs), ...init });
    if (response.ok) return response;
    /** @type {{ error?: unknown } | null} */
    const answer = await response.json().catch(() => null);
    if (response.status === 401) onUnauthorised(token !== "");
    const seconds = Number(response.headers.get("retry-after"));
    const sentence = typeof answer?.error === "string" ? answer.error : `The server answered ${response.status}.`;
    throw new ApiError(response.status, sentence, seconds > 0 ? seconds * 1000 : undefined);
  }

  return {
    ask,
    /**
     * What the server answers is taken at its word: it is the one that sent this page.
     * @template Answer
     * @param {string} path
     * @param {RequestInit} [init]
     * @returns {Promise<Answer>}
     */
    async json(path, init) {
      const response = await ask(path, init);
      try {
        return await response.json();
      } catch {
        throw new ApiError(0, "The server's answer broke off.");
      }
    },
    hasToken: () => token !== "",
    /**
     * @param {string} next
     * @param {boolean} remember beyond this session
     */
    useToken(next, remember) {
      token = next;
      session.removeItem(tokenKey);
      device.removeItem(tokenKey);
      if (next !== "") (remember ? device : session).setItem(tokenKey, next);
    },
  };
}

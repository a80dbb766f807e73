// The HTTP side of the public wire (protocol 3). Every call ends within a deadline and throws an ApiError that a person
// can read. The token stays in this browser and goes nowhere but to the page's own server.

const callTimeoutMs = 15_000;
const tokenKey = "turnwire.token";

export class ApiError extends Error {
  /** status is 0 when the server was not reached. */
  constructor(status, message, retryAfterMs) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** @param options.stores [this session's storage, this browser's storage] */
export function createApi({ base, fetch, stores, onUnauthorised }) {
  const [session, device] = stores;
  let token = session.getItem(tokenKey) ?? device.getItem(tokenKey) ?? "";

  async function call(method, path, body) {
    let response;
    try {
      response = await fetch(new URL(path, base), {
        method,
        headers: {
          ...(token !== "" && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(callTimeoutMs),
        cache: "no-store",
      });
    } catch {
      throw new ApiError(0, "The server cannot be reached.");
    }
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    if (response.status === 401) onUnauthorised(token !== "");
    const seconds = Number(response.headers.get("retry-after"));
    const retryAfterMs = seconds > 0 ? seconds * 1000 : undefined;
    throw new ApiError(response.status, answer.error ?? `The server answered ${response.status}.`, retryAfterMs);
  }

  const of = (id, rest = "") => `conversations/${encodeURIComponent(id)}${rest}`;

  return {
    hasToken: () => token !== "",
    useToken(next, remember) {
      token = next;
      session.removeItem(tokenKey);
      device.removeItem(tokenKey);
      if (next !== "") (remember ? device : session).setItem(tokenKey, next);
    },
    /** What to offer when the WebSocket is opened. A ticket is good for one use, so each socket needs a new one. */
    async subprotocols(lastFailed) {
      if (token === "") {
        // A refused upgrade looks like any other failure to a page; a plain request tells whether a token is missing.
        if (lastFailed) await call("GET", "models").catch((error) => error.status === 401 && Promise.reject(error));
        return ["turnwire.v1"];
      }
      const { ticket } = await call("POST", "ticket");
      return ["turnwire.v1", `turnwire.ticket.${ticket}`];
    },
    models: () => call("GET", "models"),
    conversations: () => call("GET", "conversations"),
    /** selection: {sinceSeq?, beforeSeq?, limit?} */
    history: (id, selection = {}) => call("GET", of(id, `?${new URLSearchParams(selection)}`)),
    metrics: (id) => call("GET", of(id, "/metrics")),
    status: (id) => call("GET", of(id, "/status")),
    model: (id) => call("GET", of(id, "/model")),
    effort: (id) => call("GET", of(id, "/reasoning-effort")),
    putModel: (id, model) => call("PUT", of(id, "/model"), { model }),
    putEffort: (id, reasoningEffort) => call("PUT", of(id, "/reasoning-effort"), { reasoningEffort }),
    putTitle: (id, title) => call("PUT", of(id, "/title"), { title }),
    compact: (id) => call("POST", of(id, "/compact")),
    close: (id) => call("POST", of(id, "/close")),
  };
}

// What the page asks of its server, under /inspect. Every call ends within a deadline and throws an ApiError that a
// person can read. The token stays in this browser and goes nowhere but to the page's own server.

const callTimeoutMs = 15_000;
const tokenKey = "turnwire.token";

export class ApiError extends Error {
  /** status is 0 when the server was not reached. */
  constructor(status, message) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

/** @param options.stores [this session's storage, this browser's storage], the same as the chat page's */
export function createApi({ base, fetch, stores, onUnauthorised }) {
  const [session, device] = stores;
  let token = session.getItem(tokenKey) ?? device.getItem(tokenKey) ?? "";

  async function ask(path, signal) {
    const headers = token === "" ? {} : { authorization: `Bearer ${token}` };
    let response;
    try {
      response = await fetch(new URL(path, base), { headers, signal, cache: "no-store" });
    } catch {
      throw new ApiError(0, "The server cannot be reached.");
    }
    if (response.ok) return response;
    const answer = await response.json().catch(() => ({}));
    if (response.status === 401) onUnauthorised(token !== "");
    throw new ApiError(response.status, answer.error ?? `The server answered ${response.status}.`);
  }

  async function read(path) {
    const response = await ask(path, AbortSignal.timeout(callTimeoutMs));
    try {
      return await response.json();
    } catch {
      throw new ApiError(0, "The server's answer broke off.");
    }
  }

  const of = (id) => `actors/${encodeURIComponent(id)}`;

  return {
    useToken(next, remember) {
      token = next;
      session.removeItem(tokenKey);
      device.removeItem(tokenKey);
      if (next !== "") (remember ? device : session).setItem(tokenKey, next);
    },
    overview: () => read("overview"),
    actors: (query) => read(`actors?${query}`),
    actor: (id) => read(of(id)),
    /** News of one actor, until the signal is aborted. */
    stream: (id, signal) => ask(`${of(id)}/stream`, signal),
    /** The picture of a chart, as text. */
    async picture(name) {
      return await (await ask(`charts/${name}.svg`, AbortSignal.timeout(callTimeoutMs))).text();
    },
  };
}

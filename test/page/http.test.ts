// The page's HTTP requests: their token, their deadline, and the handling of failed and invalid answers.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createApi } from "../../src/page/api.js";
import { ApiError, messageOf, type Store, statusOf } from "../../src/page/http.js";

const http = suite("page/http");

const store = (): Store & { texts: Map<string, string> } => {
  const texts = new Map<string, string>();
  return {
    texts,
    getItem: (key) => texts.get(key) ?? null,
    setItem: (key, value) => texts.set(key, value),
    removeItem: (key) => texts.delete(key),
  };
};

interface Asked {
  what: string;
  body: unknown;
  token: string | null;
}

function bench() {
  const asked: Asked[] = [];
  const unauthorised: boolean[] = [];
  const stores: [Store & { texts: Map<string, string> }, Store & { texts: Map<string, string> }] = [store(), store()];
  const server = { answer: (): Response | Error => Response.json({}) };
  const open = () =>
    createApi({
      base: new URL("http://127.0.0.1/"),
      fetch: (url, { method = "GET", headers, body, signal }) => {
        assert.ok(signal, "every request has a deadline");
        const what = `${method} ${url.pathname}${url.search}`;
        asked.push({ what, body: body ?? null, token: new Headers(headers).get("authorization") });
        const answer = server.answer();
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
      stores,
      onUnauthorised: (wasRefused) => unauthorised.push(wasRefused),
    });
  return { asked, unauthorised, stores, server, open };
}

/** The error that the promise rejects with. */
async function rejection(promise: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ApiError);
  return error;
}

http("ids and selections are encoded in the URL, and bodies are sent as JSON", async () => {
  const { asked, open } = bench();
  const api = open();
  await api.history("a/ä?", { sinceSeq: 0, limit: 5 });
  await api.history("b");
  await api.putTitle("b", null);
  await api.compact("b");
  assert.equal(
    asked.map(({ what, body }) => [what, body]),
    [
      ["GET /conversations/a%2F%C3%A4%3F?sinceSeq=0&limit=5", null],
      ["GET /conversations/b", null],
      ["PUT /conversations/b/title", '{"title":null}'],
      ["POST /conversations/b/compact", null],
    ],
  );
});

http(
  "a token is stored for the session or for the device, never for both, and is sent with every request",
  async () => {
    const { asked, open, stores } = bench();
    const [session, device] = stores;
    const api = open();
    api.useToken("first", true);
    api.useToken("second", false);
    assert.equal([[...session.texts.values()], [...device.texts.values()]], [["second"], []]);
    await open().models();
    api.useToken("", false);
    await api.models();
    assert.equal(
      asked.map(({ token }) => token),
      ["Bearer second", null],
    );
    assert.is(session.texts.size, 0);
  },
);

http("with a token each new socket gets its own ticket", async () => {
  const { asked, open, server } = bench();
  const api = open();
  assert.equal(await api.subprotocols(false), ["turnwire.v1"]);
  assert.equal(asked, []);
  api.useToken("token", false);
  server.answer = () => Response.json({ ticket: `t${asked.length}` });
  assert.equal(await api.subprotocols(false), ["turnwire.v1", "turnwire.ticket.t1"]);
  assert.equal(await api.subprotocols(true), ["turnwire.v1", "turnwire.ticket.t2"]);
});

http("without a token, a failed socket only asks whether a token is missing", async () => {
  const { unauthorised, open, server } = bench();
  const api = open();
  server.answer = () => new Error("away");
  assert.equal(await api.subprotocols(true), ["turnwire.v1"]);
  server.answer = () => Response.json({ error: "a token is needed" }, { status: 401 });
  assert.is(statusOf(await rejection(api.subprotocols(true))), 401);
  assert.equal(unauthorised, [false]);
});

http("every failure is an error with a message, its status and the time of a retry", async () => {
  const { open, server } = bench();
  const api = open();
  const rows: [Response | Error, number, string, number?][] = [
    [new TypeError("failed to fetch"), 0, "The server cannot be reached."],
    [new Response("{"), 0, "The server's answer broke off."],
    [new Response("<p>", { status: 502 }), 502, "The server answered 502."],
    [Response.json(null, { status: 500 }), 500, "The server answered 500."],
    [Response.json({ error: "full" }, { status: 503, headers: { "retry-after": "7" } }), 503, "full", 7_000],
  ];
  for (const [answer, status, message, retryAfterMs] of rows) {
    server.answer = () => answer;
    const error = await rejection(api.models());
    assert.equal([error.status, error.message, error.retryAfterMs], [status, message, retryAfterMs]);
  }
  assert.equal([statusOf(new Error("x")), messageOf(new Error("x")), messageOf("thrown")], [undefined, "x", "thrown"]);
});

http.run();

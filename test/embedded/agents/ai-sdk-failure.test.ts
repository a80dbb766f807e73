// The failures of the AI SDK agent: each cause has its own code and message, and no message contains a secret.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { AgentError } from "../../../src/embedded/agents/agent-error.ts";
import { failureOf } from "../../../src/embedded/agents/ai-sdk/failure.ts";

const failures = suite("ai-sdk failure");

const wallMs = Date.UTC(2025, 0, 1);
const endpoint = { host: "models.example:8080", apiKey: "sk-very-secret" };
const failure = (error: unknown) => failureOf(error, endpoint, wallMs);

const answered = (statusCode: number, message = "busy", responseHeaders: Record<string, string> = {}): Error =>
  Object.assign(new Error(message), { statusCode, responseHeaders });
const caused = (code: string, message = "broke"): Error =>
  new Error("fetch failed", { cause: new Error("outer", { cause: Object.assign(new Error(message), { code }) }) });
const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });

failures("a busy or broken server is retried, a refusal is not", () => {
  for (const status of [408, 429, 500, 502, 503, 529]) {
    assert.ok(failure(answered(status)).retryable, String(status));
    assert.is(failure(answered(status)).code, String(status));
  }
  for (const status of [400, 401, 403, 404, 409, 413, 422])
    assert.not(failure(answered(status)).retryable, String(status));
});

failures("the message quotes the endpoint's answer and says what to check", () => {
  assert.is(failure(answered(429)).message, "The model endpoint answered 429: busy");
  assert.is(failure(answered(502, "")).message, "The model endpoint answered 502");
  assert.match(failure(answered(401)).message, /Check the API key/);
  assert.match(failure(answered(404)).message, /Check the base URL and the name of the model/);
});

failures("Retry-After is read in seconds, as a date and in milliseconds", () => {
  const after = (headers: Record<string, string>) => failure(answered(429, "", headers)).retryAfterMs;
  assert.is(after({ "retry-after": "2" }), 2_000);
  assert.is(after({ "retry-after": "0" }), 0);
  assert.is(after({ "retry-after": "0.25" }), 250);
  assert.is(after({ "retry-after": new Date(wallMs + 5_000).toUTCString() }), 5_000);
  assert.is(after({ "retry-after": new Date(wallMs - 5_000).toUTCString() }), 0);
  assert.is(after({ "retry-after-ms": "150", "retry-after": "9" }), 150);
  assert.is(after({ "retry-after": "soon" }), undefined);
  assert.is(after({ "retry-after": " " }), undefined);
  assert.is(after({}), undefined);
  assert.is(failure(Object.assign(new Error("x"), { statusCode: 429 })).retryAfterMs, undefined);
});

failures("a broken connection is found in nested causes and retried", () => {
  for (const code of ["ECONNRESET", "ECONNREFUSED", "UND_ERR_SOCKET", "EAI_AGAIN"]) {
    const { message, retryable, code: found } = failure(caused(code));
    assert.ok(retryable);
    assert.is(found, code);
    assert.is(message, "The connection to the model endpoint at models.example:8080 failed: broke");
  }
  assert.match(failure(caused("ECONNRESET", "")).message, /failed: ECONNRESET/);
  assert.ok(failure(Object.assign(caused("ECONNRESET"), { statusCode: 200 })).retryable, "also mid-stream");
  assert.not(failure(caused("CERT_HAS_EXPIRED")).retryable);
});

failures("a circular chain of causes does not loop forever", () => {
  const error = new Error("round");
  error.cause = error;
  assert.is(failure(error).message, "The model call failed: round");
});

failures("a truncated answer is retried, a malformed one is not", () => {
  const incomplete = named("AI_InvalidResponseDataError", "Response stream ended without a finish reason.");
  assert.ok(failure(incomplete).retryable);
  assert.not(failure(named("AI_InvalidResponseDataError", "Expected 'function.name'")).retryable);
  for (const name of ["AI_JSONParseError", "AI_TypeValidationError"]) {
    const { retryable, message } = failure(named(name, "unexpected <"));
    assert.not(retryable);
    assert.match(message, /sent something other than a chat completion stream: unexpected </);
  }
});

failures("an agent's own error keeps its message and code", () => {
  const own = failure(new AgentError("content-filter", "withheld"));
  assert.equal(own, { message: "withheld", retryable: false, errorCode: "content-filter" });
});

failures("any thrown value becomes a failure", () => {
  assert.is(failure("text").message, "The model call failed: text");
  assert.is(failure(undefined).message, "The model call failed: undefined");
  assert.is(failure("text").errorCode, "provider-failed");
});

failures("a message never contains the API key, and a page of HTML is cut", () => {
  assert.is(
    failure(answered(401, "bad key sk-very-secret!")).message,
    "The model endpoint answered 401: bad key [API key]! (Check the API key.)",
  );
  assert.is(
    failureOf(new Error("x in a box"), { host: "h", apiKey: "x" }, 0).message,
    "The model call failed: x in a box",
  );
  assert.ok(failure(answered(500, "<p>".repeat(5_000))).message.length < 600);
});

failures.run();

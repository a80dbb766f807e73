// Classifies an error of the AI SDK, fetch or the endpoint: a message for the user, and whether and when to retry. Must
// never let an API key into the message.
import { AgentError } from "../agent-error.ts";

export interface Failure {
  message: string;
  /** The HTTP status, or the system error code of a broken connection. */
  code?: string;
  retryable: boolean;
  /** How long the endpoint asks the client to wait. */
  retryAfterMs?: number;
  /** The code of the turn's `error` event if the turn ends with this failure. */
  errorCode: string;
}

/** Longer messages are mostly HTML pages, or repeat the whole prompt. */
const messageCharactersMax = 500;
/** Shorter keys are placeholders such as "x", which occur in every message. */
const keyCharactersMin = 6;

const brokenConnectionCodes = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "ETIMEDOUT",
  "EPIPE",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_SOCKET",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
]);

export interface Endpoint {
  /** Host and port, for the message. */
  host: string;
  apiKey: string | undefined;
  /** Keys in headers and in the query. */
  otherKeys?: readonly string[];
}

/** The values whose names say that they are secret. */
export function keysIn(entries: Iterable<readonly [name: string, value: string]>): string[] {
  const secret = [...entries].filter(([name]) => /key|token|secret|auth|password/i.test(name));
  return secret.map(([, value]) => value.replace(/^(?:bearer|basic) +/i, ""));
}

/** @param wallMs the current time, for a Retry-After that is a date */
export function failureOf(error: unknown, endpoint: Endpoint, wallMs: number): Failure {
  const failure = classify(error, endpoint, wallMs);
  return { ...failure, message: shown(failure.message, endpoint) };
}

function classify(error: unknown, { host }: Endpoint, wallMs: number): Failure {
  const errorCode = "provider-failed";
  const own = chainOf(error).find((link) => link instanceof AgentError);
  if (own) return { message: own.message, retryable: false, errorCode: own.code };
  const status = field(error, "statusCode");
  const reason = error instanceof Error ? error.message : String(error);
  if (typeof status === "number" && status >= 400) {
    const retryAfterMs = retryAfter(field(error, "responseHeaders"), wallMs);
    return {
      message: `The model endpoint answered ${status}${reason === "" ? "" : `: ${reason}`}${hint(status)}`,
      code: String(status),
      retryable: status === 408 || status === 429 || status >= 500,
      errorCode,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }
  const network = brokenConnection(error);
  if (network) {
    const message = `The connection to the model endpoint at ${host} failed: ${network.message}`;
    return { message, code: network.code, retryable: true, errorCode };
  }
  const name = error instanceof Error ? error.name : "";
  if (name === "AI_InvalidResponseDataError" && /without a finish reason/.test(reason)) {
    const message = "The model endpoint ended its answer without saying why (no finish_reason).";
    return { message, code: "incomplete", retryable: true, errorCode };
  }
  if (name === "AI_InvalidResponseDataError" && /function\.name/.test(reason)) {
    return { message: "The model called a tool without saying which.", retryable: false, errorCode };
  }
  if (name === "AI_JSONParseError" || name === "AI_TypeValidationError") {
    const message = `The model endpoint at ${host} sent something other than a chat completion stream: ${reason}`;
    return { message, code: "malformed", retryable: false, errorCode };
  }
  if (name === "AI_StreamProviderError") {
    return { message: `The model endpoint answered with an error: ${reason}`, retryable: false, errorCode };
  }
  return { message: `The model call failed: ${reason}`, retryable: false, errorCode };
}

function hint(status: number): string {
  if (status === 401 || status === 403) return " (Check the API key.)";
  if (status === 404) return " (Check the base URL and the name of the model.)";
  return "";
}

/** The first error in the chain of causes that is a broken connection. */
function brokenConnection(error: unknown): { message: string; code: string } | undefined {
  for (const link of chainOf(error)) {
    const code = field(link, "code");
    if (typeof code === "string" && brokenConnectionCodes.has(code)) return { message: link.message || code, code };
  }
  return undefined;
}

/** The error and its causes. The SDK wraps what fetch and the body throw. */
function chainOf(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let link = error; link instanceof Error && chain.length < 8; link = link.cause) chain.push(link);
  return chain;
}

/** `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110 10.2.3). */
function retryAfter(headers: unknown, wallMs: number): number | undefined {
  const milliseconds = Number(field(headers, "retry-after-ms") ?? Number.NaN);
  if (milliseconds >= 0) return milliseconds;
  const value = field(headers, "retry-after");
  if (typeof value !== "string" || value.trim() === "") return undefined;
  const seconds = Number(value);
  if (seconds >= 0) return seconds * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - wallMs);
}

function shown(message: string, { apiKey = "", otherKeys = [] }: Endpoint): string {
  const keys = [apiKey, ...otherKeys].filter((key) => key.length >= keyCharactersMin);
  // The longest first: one may be the beginning of another.
  keys.sort((a, b) => b.length - a.length);
  const clean = keys.reduce((text, key) => text.replaceAll(key, "[API key]"), message);
  return clean.length <= messageCharactersMax ? clean : `${clean.slice(0, messageCharactersMax).toWellFormed()} …`;
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

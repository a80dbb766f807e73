// The HTTP API of a running server, as the system tests use it. Each answer has its status. The bodies that tests use
// further are checked against their shape in protocol 3.
import * as v from "valibot";
import { budgets } from "../budgets.ts";
import { within } from "./deadline.ts";

export interface Ask {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  deadlineMs?: number;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body; undefined when it is not JSON. */
  json: unknown;
}

/** Sends one request and reads the whole answer. A body is sent as JSON. */
export async function ask(server: { httpUrl: string }, path: string, request: Ask = {}): Promise<Answer> {
  const { method = "GET", body, headers = {}, deadlineMs = budgets.awaitMs } = request;
  const given = new AbortController();
  const begin = async (): Promise<Answer> => {
    const response = await fetch(`${server.httpUrl}${path}`, {
      method,
      signal: given.signal,
      headers: { connection: "close", ...(body !== undefined && { "content-type": "application/json" }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
  };
  try {
    return await within(begin(), `the answer to ${method} ${path}`, deadlineMs);
  } finally {
    // After a timeout the request is aborted, so that a retry does not leave two requests at the server.
    given.abort();
  }
}

/** The body of an answer that must have status 200 and this shape. After a 429 it waits and asks again. */
export async function read<Schema extends v.GenericSchema>(
  server: { httpUrl: string },
  path: string,
  schema: Schema,
  request: Ask = {},
): Promise<v.InferOutput<Schema>> {
  const until = performance.now() + (request.deadlineMs ?? budgets.awaitMs);
  let { status, headers, text, json } = await ask(server, path, request);
  while (status === 429 && performance.now() < until) {
    const afterMs = Number(headers.get("retry-after")) * 1_000;
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    ({ status, headers, text, json } = await ask(server, path, request));
  }
  if (status !== 200) throw new Error(`${request.method ?? "GET"} ${path} gave ${status}: ${text}`);
  return v.parse(schema, json);
}

const number = v.number();
const text = v.string();
const usage = v.strictObject({
  inputTokens: number,
  outputTokens: number,
  cacheReadTokens: v.optional(number),
  cacheWriteTokens: v.optional(number),
});

const storedChunk = v.strictObject({
  seq: number,
  role: v.picklist(["system", "user", "assistant", "tool"]),
  chunk: v.looseObject({ type: text, text: v.optional(text) }),
  turnId: v.optional(text),
  messageId: v.optional(text),
});

const historySchema = v.strictObject({ chunks: v.array(storedChunk), latestSeq: number });
const queueSchema = v.strictObject({ id: text, text, queuedAt: number });
const listSchema = v.strictObject({
  conversations: v.array(
    v.strictObject({
      id: text,
      createdAt: number,
      lastActivityAt: number,
      title: v.nullable(text),
      status: v.picklist(["active", "queued", "idle", "closed"]),
      workspaceId: text,
      compactedFrom: v.optional(text),
    }),
  ),
});
const status = v.picklist(["active", "queued", "idle", "closed"]);
const statusSchema = v.strictObject({ conversationId: text, isActive: v.boolean(), status });
const metricsSchema = v.strictObject({
  turns: v.array(
    v.strictObject({
      turnId: text,
      reason: v.optional(v.picklist(["stop", "length", "tool-calls", "error", "aborted", "interrupted"])),
      usage: v.nullable(usage),
      durationMs: v.optional(number),
      steps: v.array(
        v.strictObject({
          stepId: text,
          usage: v.optional(usage),
          ttftMs: v.optional(number),
          decodeMs: v.optional(number),
          genTotalMs: v.optional(number),
        }),
      ),
      contextSize: v.optional(number),
    }),
  ),
});

export const enqueuedSchema = v.strictObject({
  conversationId: text,
  startedTurn: v.boolean(),
  queue: v.array(queueSchema),
});
export const compactedSchema = v.strictObject({
  conversationId: text,
  newConversationId: text,
  messagesSummarized: number,
  messagesKept: number,
});
export const ticketSchema = v.strictObject({ ticket: text, expiresAt: number });

export type History = v.InferOutput<typeof historySchema>;

export async function historyOf(
  server: { httpUrl: string },
  conversationId: string,
  request: Ask = {},
): Promise<History> {
  const history = await read(server, `/conversations/${conversationId}`, historySchema, request);
  const seqs = history.chunks.map(({ seq }) => seq);
  if (seqs.some((seq, at) => seq !== at + 1)) throw new Error(`the history's seqs are ${seqs.join(", ")}`);
  if (history.latestSeq !== seqs.length) throw new Error(`latestSeq is ${history.latestSeq} of ${seqs.length} chunks`);
  return history;
}

/** The texts of a role, in order; without tool calls and results. */
export const textsIn = ({ chunks }: History, role: string): string[] =>
  chunks.flatMap(({ role: own, chunk }) => (own === role && chunk.type === "text" ? [chunk.text ?? ""] : []));

export const listOf = async (server: { httpUrl: string }, query = "") =>
  (await read(server, `/conversations${query}`, listSchema)).conversations;

/** The value of one metric of GET /metrics. */
export async function figureIn(server: { httpUrl: string }, name: string): Promise<number> {
  const { text } = await ask(server, "/metrics");
  const value = text.match(new RegExp(`^${name} (\\S+)$`, "m"))?.[1];
  if (value === undefined) throw new Error(`/metrics has no ${name}`);
  return Number(value);
}

export const metricsOf = async (server: { httpUrl: string }, conversationId: string) =>
  (await read(server, `/conversations/${conversationId}/metrics`, metricsSchema)).turns;

export const statusOf = (server: { httpUrl: string }, conversationId: string) =>
  read(server, `/conversations/${conversationId}/status`, statusSchema);

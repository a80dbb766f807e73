// A model endpoint for tests: a real HTTP server on loopback that speaks the OpenAI chat completions format (streamed,
// SSE). Each request gets the next scripted reply; every request is kept, and whether its client went away.
//
//   const endpoint = await openAiEndpoint();
//   endpoint.reply(refuse(429, { retryAfter: 1 }), answer("Hel", "lo"));
//   … a turn against endpoint.baseUrl …
//   endpoint.requests[1]?.body.messages
//   await endpoint.close();
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";

/** One piece of a streamed answer. */
export type Part =
  | { text: string }
  | { reasoning: string }
  /** A tool call with its arguments streamed in `pieces` pieces. Each call of one answer has its own index. */
  | { toolCall: ToolCallReply }
  | { usage: { prompt_tokens: number; completion_tokens: number; cached_tokens?: number } }
  | { finish: string }
  | { delayMs: number }
  /** An error inside the stream, as endpoints report an overload after the answer has begun. */
  | { error: { message: string; code?: string | number; type?: string } }
  /** Written unchanged: malformed SSE, comments, anything. */
  | { raw: string }
  /** The connection is cut. */
  | { cut: true }
  /** Nothing more is sent and the connection stays open. */
  | { hang: true };

export interface ToolCallReply {
  name: string;
  /** An object, or the raw text, for invalid arguments. */
  arguments: unknown;
  id?: string;
  index?: number;
  pieces?: number;
  /** Gemini's thought signature, which the client has to send back with the call. */
  thoughtSignature?: string;
}

export type Reply =
  /** An SSE stream of status 200. */
  | { stream: Part[] }
  /** A whole response, mostly an error. */
  | { status: number; headers?: Record<string, string>; body: string }
  /** The connection is cut before any answer. */
  | { cut: true }
  /** Nothing is ever answered. */
  | { hang: true };

export interface RecordedRequest {
  path: string;
  headers: IncomingHttpHeaders;
  /** The body as JSON. */
  body: ChatRequest;
  /** Whether the client disconnected before the answer was complete. */
  aborted: boolean;
  /** Resolves when the exchange has ended, complete or not. */
  ended: Promise<void>;
}

export interface ChatRequest {
  model: string;
  stream: boolean;
  messages: { role: string; content: unknown; [field: string]: unknown }[];
  tools?: { type: string; function: { name: string; description: string; parameters: unknown } }[];
  [field: string]: unknown;
}

export interface OpenAiEndpoint {
  /** `http://127.0.0.1:PORT/v1` */
  baseUrl: string;
  /** All requests, oldest first. */
  requests: RecordedRequest[];
  /** Queues replies, one for each request to come. */
  reply(...replies: Reply[]): void;
  /** Sets the reply for a request when none is queued; the default is `answer("Hello.")`. */
  otherwise(reply: Reply | ((request: ChatRequest) => Reply)): void;
  /** What GET /models lists; nothing by default. */
  lists(...models: string[]): void;
  /** The request with this index (from 0), once it has arrived. Rejects after deadlineMs (5,000). */
  request(index: number, deadlineMs?: number): Promise<RecordedRequest>;
  close(): Promise<void>;
}

/** Text in pieces, usage, finish_reason stop. */
export const answer = (...texts: string[]): Reply => ({
  stream: [...texts.map((text) => ({ text })), ...ending("stop", texts.length)],
});

/** Tool calls of one step, usage, finish_reason tool_calls. */
export const callTools = (...calls: ToolCallReply[]): Reply => ({
  stream: [
    ...calls.map((toolCall, index) => ({ toolCall: { index, ...toolCall } })),
    ...ending("tool_calls", calls.length),
  ],
});

/** finish_reason and usage, as they close a stream. */
export const ending = (finish: string, completionTokens = 1): Part[] => [
  { finish },
  { usage: { prompt_tokens: 10, completion_tokens: completionTokens } },
];

/** An error status with an OpenAI error body. retryAfter: seconds, or the raw header value. */
export const refuse = (
  status: number,
  { message = `status ${status}`, retryAfter }: { message?: string; retryAfter?: number | string } = {},
): Reply => ({
  status,
  headers: {
    "content-type": "application/json",
    ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
  },
  body: JSON.stringify({ error: { message, type: "test_error", code: null } }),
});

export const cut: Reply = { cut: true };
export const hang: Reply = { hang: true };

export async function openAiEndpoint(): Promise<OpenAiEndpoint> {
  const requests: RecordedRequest[] = [];
  const queue: Reply[] = [];
  const waiting = new Set<() => void>();
  let fallback: Reply | ((request: ChatRequest) => Reply) = answer("Hello.");

  let listed: string[] = [];

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    if (incoming.method === "GET") {
      response.end(JSON.stringify({ object: "list", data: listed.map((id) => ({ id, object: "model" })) }));
      return;
    }
    const body: ChatRequest = JSON.parse(await textOf(incoming));
    const request: RecordedRequest = {
      path: incoming.url ?? "",
      headers: incoming.headers,
      body,
      aborted: false,
      ended: new Promise((resolve) => {
        response.once("close", () => {
          request.aborted = !response.writableFinished && !cutByUs.has(response);
          resolve();
        });
      }),
    };
    requests.push(request);
    for (const wake of waiting) wake();
    const reply = queue.shift() ?? (typeof fallback === "function" ? fallback(body) : fallback);
    await send(reply, response, body.model);
  }

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch((error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the endpoint has no port");

  return {
    baseUrl: `http://127.0.0.1:${address.port}/v1`,
    requests,
    reply: (...replies) => queue.push(...replies),
    lists: (...models) => {
      listed = models;
    },
    otherwise: (reply) => {
      fallback = reply;
    },
    request: (index, deadlineMs = 5_000) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const request = requests[index];
          if (request === undefined) return;
          clearTimeout(deadline);
          waiting.delete(look);
          resolve(request);
        };
        const deadline = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`request ${index} did not come within ${deadlineMs} ms`));
        }, deadlineMs);
        waiting.add(look);
        look();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Responses that the script cut. They do not count as aborted by the client. */
const cutByUs = new WeakSet<ServerResponse>();

async function send(reply: Reply, response: ServerResponse, model: string): Promise<void> {
  if ("hang" in reply) return;
  if ("cut" in reply) return cutOff(response);
  if ("status" in reply) {
    response.writeHead(reply.status, reply.headers);
    response.end(reply.body);
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  response.flushHeaders();
  for (const part of reply.stream) {
    if (response.destroyed || "hang" in part) return;
    if ("cut" in part) return cutOff(response);
    if ("delayMs" in part) await new Promise((resolve) => setTimeout(resolve, part.delayMs));
    else if ("raw" in part) response.write(part.raw);
    else for (const chunk of chunksOf(part, model)) response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  }
  response.end("data: [DONE]\n\n");
}

/** Cuts after a delay, so that the client has read what was written before. */
function cutOff(response: ServerResponse): void {
  cutByUs.add(response);
  setTimeout(() => response.destroy(), 20);
}

type ModelPart = Exclude<Part, { delayMs: number } | { raw: string } | { cut: true } | { hang: true }>;

function* chunksOf(part: ModelPart, model: string): Generator<unknown> {
  const chunk = (delta: unknown, finish_reason: string | null = null) => ({
    id: "chatcmpl-test",
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model,
    choices: [{ index: 0, delta, finish_reason }],
  });
  if ("text" in part) yield chunk({ role: "assistant", content: part.text });
  else if ("reasoning" in part) yield chunk({ role: "assistant", reasoning_content: part.reasoning });
  else if ("finish" in part) yield chunk({}, part.finish);
  else if ("error" in part) yield { error: part.error };
  else if ("usage" in part) {
    const { prompt_tokens, completion_tokens, cached_tokens } = part.usage;
    const details = cached_tokens === undefined ? {} : { prompt_tokens_details: { cached_tokens } };
    const usage = { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens, ...details };
    yield { ...chunk({}), choices: [], usage };
  } else yield* toolCallDeltas(part.toolCall).map((delta) => chunk({ tool_calls: [delta] }));
}

/** The first delta has the id and the name; the next ones have the arguments in pieces. */
function toolCallDeltas(call: ToolCallReply): unknown[] {
  const { name, index = 0, id = `call_${index}`, pieces = 3, thoughtSignature } = call;
  const text = typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments);
  const size = Math.max(1, Math.ceil(text.length / pieces));
  const extra = thoughtSignature ? { extra_content: { google: { thought_signature: thoughtSignature } } } : {};
  const deltas: unknown[] = [{ index, id, type: "function", function: { name, arguments: "" }, ...extra }];
  for (let start = 0; start < text.length; start += size) {
    deltas.push({ index, function: { arguments: text.slice(start, start + size) } });
  }
  return deltas;
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

// The fetch of the AI SDK's requests. It waits as long as our own limit allows, follows no redirect, takes a bounded
// number of bytes, and hands the SDK a clean stream of chunks or a refusal in the one shape that the SDK reads.
import type { Limits } from "../../../limits.ts";
import type { Clock, Timer } from "../../../runtime/clock.ts";
import { AgentError } from "../agent-error.ts";
import { chunksOf } from "./answer-stream.ts";
import { sentenceOf } from "./endpoint-sentence.ts";
import { textsOf } from "./lines.ts";

export type AnswerLimits = Pick<
  Limits,
  "modelSilenceMs" | "modelAnswerBytesMax" | "modelPartCharactersMax" | "modelRefusalBytesMax"
>;

/** How long a body may stay open after [DONE]. A body that ends leaves its connection to the next request. */
const drainMs = 1_000;
/** How long usage and [DONE] are waited for after a finish_reason. */
const finishMs = 5_000;
/** Why a body is cut whose answer is complete. */
const complete = new Error("the answer is complete");

export function createEndpointFetch(clock: Clock, limits: AnswerLimits): typeof fetch {
  return async (input, init) => {
    const request = new AbortController();
    const onAbort = (): void => request.abort(init?.signal?.reason);
    if (init?.signal?.aborted) onAbort();
    init?.signal?.addEventListener("abort", onAbort, { once: true });
    let ended = false;
    let finishing: Timer;

    /** Waits for something from the endpoint. Any byte is a sign of life, also a comment of the stream. */
    async function heard<Value>(wait: Promise<Value>): Promise<Value> {
      const timer = clock.setTimeout(() => request.abort(silent(limits.modelSilenceMs)), limits.modelSilenceMs);
      try {
        return await wait;
      } catch (error) {
        throw request.signal.aborted ? request.signal.reason : error;
      } finally {
        clock.clearTimeout(timer);
      }
    }

    async function* bytesOf(response: Response): AsyncGenerator<Uint8Array, void, undefined> {
      const reader = response.body?.getReader();
      if (!reader) return;
      try {
        for (;;) {
          const { done, value } = await heard(reader.read());
          if (done) break;
          yield value;
        }
        ended = true;
      } catch (error) {
        if (error !== complete) throw error;
      } finally {
        clock.clearTimeout(finishing);
        init?.signal?.removeEventListener("abort", onAbort);
        if (ended) drain(reader, clock, request);
        else request.abort();
      }
    }

    async function* answerOf(response: Response): AsyncGenerator<Uint8Array, void, undefined> {
      const texts = textsOf(bytesOf(response), limits.modelAnswerBytesMax);
      const answer = chunksOf(texts, limits.modelPartCharactersMax, {
        onFinish: () => {
          finishing ??= clock.setTimeout(() => request.abort(complete), finishMs);
        },
        onDone: () => {
          ended = true;
        },
      });
      for await (const chunk of answer) yield Buffer.from(`data: ${chunk}\n\n`);
    }

    const response = await heard(fetch(input, { ...init, ...patience(), redirect: "manual", signal: request.signal }));
    const { status, statusText } = response;
    if (status >= 300 && status < 400) {
      request.abort();
      throw redirected(response);
    }
    if (response.ok) return new Response(streamOf(answerOf(response)), { headers: response.headers });
    const message = sentenceOf(await beginningOf(bytesOf(response), limits.modelRefusalBytesMax));
    const headers = new Headers(response.headers);
    for (const name of ["content-encoding", "content-length"]) headers.delete(name);
    const body = message === undefined ? "" : JSON.stringify({ error: { message } });
    return new Response(body, { status: Math.min(status, 599), statusText, headers });
  };
}

/** ReadableStream.from, which not every environment's types know. */
function streamOf(parts: AsyncGenerator<Uint8Array>): ReadableStream {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await parts.return(undefined);
    },
  });
}

const globalDispatcher = Symbol.for("undici.globalDispatcher.1");

/**
 * Node's fetch gives up after 300 s of silence. The dispatcher in use, which knows about proxies (NODE_USE_ENV_PROXY),
 * is asked to wait as long as it takes: modelSilenceMs is the bound.
 */
function patience(): object {
  // Node loads its fetch, and with it the dispatcher, when one of its names is first used.
  void Response;
  const dispatcher: unknown = Reflect.get(globalThis, globalDispatcher);
  if (typeof dispatcher !== "object" || dispatcher === null || !("dispatch" in dispatcher)) return {};
  const { dispatch } = dispatcher;
  if (typeof dispatch !== "function") return {};
  return {
    dispatcher: {
      dispatch: (options: object, handler: unknown): unknown =>
        dispatch.call(dispatcher, { ...options, headersTimeout: 0, bodyTimeout: 0 }, handler),
    },
  };
}

/** The start of a refusal. What breaks while it is read matters less than its status. */
async function beginningOf(bytes: AsyncIterable<Uint8Array>, bytesMax: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let total = 0;
  try {
    for await (const piece of bytes) {
      pieces.push(piece);
      total += piece.byteLength;
      if (total >= bytesMax) break;
    }
  } catch (error) {
    if (error instanceof AgentError) throw error;
  }
  return new TextDecoder().decode(Buffer.concat(pieces).subarray(0, bytesMax));
}

async function drain(reader: ReadableStreamDefaultReader<Uint8Array>, clock: Clock, request: AbortController) {
  const timer = clock.setTimeout(() => request.abort(), drainMs);
  try {
    while (!(await reader.read()).done);
  } catch {
    // The answer is complete: how the connection ends does not matter.
  } finally {
    clock.clearTimeout(timer);
  }
}

const silent = (ms: number): AgentError =>
  new AgentError("provider-failed", `The model endpoint sent nothing for ${ms / 1000} s.`);

/** The address is shown without its query, which may have a secret. */
function redirected(response: Response): AgentError {
  const target = response.headers.get("location");
  const url = target !== null && URL.canParse(target, response.url) ? new URL(target, response.url) : undefined;
  const place = url ? ` to ${url.origin}${url.pathname}` : "";
  const hint = "The conversation is not sent there. If that is the right endpoint, change the base URL.";
  return new AgentError("provider-failed", `The model endpoint redirects${place}. ${hint}`);
}

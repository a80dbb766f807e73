// The HTTP API on a real node:http server on loopback, with a client that can also send invalid headers.
import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Authoriser } from "../../src/access/authoriser.ts";
import { createRequestGuard } from "../../src/access/request-guard.ts";
import { TurnQuota } from "../../src/access/turn-quota.ts";
import { createHttpApp, type HttpAppOptions } from "../../src/http/app.ts";
import { createHttpListener } from "../../src/http/listener.ts";
import { OpenStreams } from "../../src/http/open-streams.ts";
import { limits } from "../../src/limits.ts";
import type { LogFields, Logger } from "../../src/ports/logger.ts";
import { FairJobQueue } from "../../src/runtime/fair-job-queue.ts";
import { budgets } from "../budgets.ts";
import { SimulatedClock } from "./clock.ts";
import { credentialsFor } from "./credentials.ts";
import { within } from "./deadline.ts";
import { FakeConversations, FakeOrchestrator } from "./http-orchestrator.ts";

export interface Answer {
  status: number;
  /** Names in lower case; repeated headers are joined by commas. */
  headers: Record<string, string | undefined>;
  text: string;
  json: unknown;
}

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  /** The exact headers to send, in place of Host and `headers`; a name may occur twice. */
  rawHeaders?: string[];
  body?: string | Buffer | Record<string, unknown>;
}

export interface HttpFixture {
  port: number;
  url: string;
  orchestrator: FakeOrchestrator;
  conversations: FakeConversations;
  clock: SimulatedClock;
  logged: { level: string; message: string; fields: LogFields | undefined }[];
  ask(path: string, ask?: Ask): Promise<Answer>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface FixtureOptions extends Partial<Omit<HttpAppOptions, "orchestrator" | "clock" | "logger" | "access">> {
  token?: string;
  allowOrigins?: string[];
}

export async function startHttp({ token, allowOrigins, ...options }: FixtureOptions = {}): Promise<HttpFixture> {
  const clock = new SimulatedClock();
  const orchestrator = new FakeOrchestrator();
  const conversations = new FakeConversations();
  const logged: HttpFixture["logged"] = [];
  const line = (level: string) => (message: string, fields?: LogFields) => logged.push({ level, message, fields });
  const logger: Logger = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
  const credentials = token === undefined ? undefined : credentialsFor(token);
  const access = createRequestGuard({ credentials, ...(allowOrigins && { allowOrigins }), clock, limits });
  const health = { alive: () => true, degraded: () => false, ready: () => true };
  const app = createHttpApp({
    ...{ orchestrator, conversations, access, clock, logger, health, limits },
    authoriser: new Authoriser(undefined, logger),
    quota: new TurnQuota(options.limits ?? limits, (conversationId) => orchestrator.isActive(conversationId)),
    streams: new OpenStreams(),
    longMessages: new FairJobQueue(clock, options.limits ?? limits),
    eventFilter: () => true,
    ...options,
  });
  const server = createServer(createHttpListener(app, logger));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    orchestrator,
    conversations,
    clock,
    logged,
    ask: (path, what) => ask(port, path, what),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await within(new Promise((resolve) => server.close(resolve)), "the server to close");
    },
  };
}

function ask(port: number, path: string, { method = "GET", headers, rawHeaders, body }: Ask = {}): Promise<Answer> {
  const payload = typeof body === "string" || Buffer.isBuffer(body) ? body : body && JSON.stringify(body);
  const length = payload === undefined ? {} : { "Content-Length": String(Buffer.byteLength(payload)) };
  const answer = new Promise<Answer>((resolve, reject) => {
    const sent = httpRequest({
      host: "127.0.0.1",
      port,
      path,
      method,
      setHost: false,
      agent: false,
      headers: rawHeaders ?? { Host: `127.0.0.1:${port}`, ...length, ...headers },
      signal: AbortSignal.timeout(budgets.awaitMs),
    });
    sent.on("error", reject);
    sent.on("response", (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(parts).toString();
        const isJson = response.headers["content-type"] === "application/json";
        const json: unknown = isJson && text !== "" ? JSON.parse(text) : undefined;
        resolve({ status: response.statusCode ?? 0, headers: joined(response.headers), text, json });
      });
    });
    sent.end(payload);
  });
  return within(answer, `the answer to ${method} ${path}`);
}

function joined(headers: IncomingMessage["headers"]): Answer["headers"] {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value?.toString()]));
}

// A server with every limit changed, and small where a client can reach it within a test. It has an agent, tools, a
// surface and a model endpoint that a test uses to reach the limits. Budgets of requests take half an hour to refill,
// so that no test depends on the refill rate.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../../src/access/credentials.ts";
import { limits as defaults, type Limits } from "../../src/limits.ts";
import {
  type Agent,
  readConfig,
  type SurfaceProvider,
  silentLogger,
  startServer,
  type Tool,
} from "../../src/turnwire.ts";
import { type OpenAiEndpoint, openAiEndpoint } from "./openai-endpoint.ts";
import { temporaryDirectory } from "./store-place.ts";

const KiB = 1024;

const small: Partial<Limits> = {
  frameBytesMax: 40 * KiB,
  messageBytesMax: 4 * KiB,
  chatTextBytesMax: 3_000,
  idCharactersMax: 40,
  idempotencyKeyCharactersMax: 20,
  idempotencyKeysMax: 2,
  shortStringCharactersMax: 60,
  nestingDepthMax: 4,
  messageOpenersMax: 8,
  messageFragmentsMax: 3,
  longMessageCooldown: 1,
  longMessageCooldownMsMax: 5,
  longMessageWaitMsMax: 100,
  shortLivedSocketMs: 1,
  subscriptionsPerSocketMax: 3,
  invokesPerSocketMax: 2,
  httpBodyBytesMax: 2_000,
  commandsBurst: 20,
  commandsPerSecond: 0.01,
  bytesPerCommand: 1 * KiB,
  commandsPerMessageMax: 3,
  readsBurst: 40,
  readsPerSecond: 0.01,
  commandRefusalsMax: 2,
  socketsPerLoopbackAddressMax: 8,
  queuedTextsMax: 2,
  queuedTextCharactersMax: 50,
  eventBytesMax: 16 * KiB,
  turnLogBytesMax: 64 * KiB,
  stepsPerTurnMax: 2,
  reconnectAfterMs: 1_234,
  surfaceAnswerMs: 1_000,
  specCharactersMax: 500,
  retryFirstDelayMs: 10,
  retriesMax: 1,
  toolRunMs: 500,
  modelSilenceMs: 3_000,
  modelAnswerBytesMax: 32 * KiB,
  modelPartCharactersMax: 4 * KiB,
  modelRefusalBytesMax: 2 * KiB,
  deltaCharactersMax: 100,
  runningTurnsMax: 3,
  runningTurnsPerTokenMax: 2,
  ticketsMax: 4,
  ticketMs: 12_345,
  retryAfterMs: 7_000,
  inspectedActorsMax: 2,
  inspectStreamsMax: 2,
};

const smaller = (value: number): number => (value < 1 ? value * 0.75 : Math.floor(value * 0.75));

/** No limit has its default value. */
export const changedLimits: Limits = {
  ...defaults,
  ...Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, smaller(value)])),
  ...small,
};

/** The tokens of the administrator and of another user. */
export const tokens = { admin: "the-administrators-token", other: "another-users-token" } as const;

const agent: Agent = {
  provider: "test",
  models: () => [{ name: "m" }],
  async *run({ prompt, signal }) {
    if (prompt === "hang") await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    const [, characters] = /^say (\d+)$/.exec(prompt) ?? [];
    if (characters !== undefined) yield { type: "text-delta", delta: "x".repeat(Number(characters)) };
    return { reason: "stop" };
  },
};

const tool = (name: string, run: Tool["run"]): Tool => ({
  name,
  description: name,
  inputSchema: { type: "object" },
  run,
});
const tools = [
  tool("quick", () => "done"),
  tool("long", () => "x".repeat(20 * KiB)),
  tool("endless", () => new Promise<string>(() => {})),
];

export interface LimitedServer {
  wsUrl: string;
  httpUrl: string;
  endpoint: OpenAiEndpoint;
  /** Length in characters of the encoded spec of the surface `sized`. */
  specCharacters: number;
  sockets(): number;
  stop(): Promise<void>;
}

export async function startLimitedServer(): Promise<LimitedServer> {
  const endpoint = await openAiEndpoint();
  const file = join(temporaryDirectory(), "tokens.json");
  const other = { name: "other", sha256: digestOf(tokens.other), scopes: ["chat"] };
  writeFileSync(file, JSON.stringify({ tokens: [other] }));
  const flags = ["--port=0", "--http-port=0", "--data-dir=:memory:", "--model=test/m", "--drain-ms=0", "--inspect"];
  const environment = { TURNWIRE_TOKEN: tokens.admin, TURNWIRE_BASE_URL: endpoint.baseUrl, TURNWIRE_MODEL: "small" };
  const command = readConfig(["serve", ...flags, "--tokens-file", file], environment);
  if (command.kind !== "serve") throw new Error("no configuration");

  const head = { id: "sized", region: "test", title: "" };
  const fixture = { specCharacters: 100 };
  const surface: SurfaceProvider = {
    catalogEntry: head,
    getSpec() {
      const spec = { ...head, fields: [] };
      return { ...spec, title: "x".repeat(fixture.specCharacters - JSON.stringify(spec).length) };
    },
    invoke: () => new Promise<void>(() => {}),
  };
  const parts = { agents: [agent], tools, surfaces: [surface], limits: changedLimits };
  const server = await startServer({ config: command.config, logger: silentLogger, ...parts });
  return Object.assign(fixture, {
    wsUrl: server.wsUrl,
    httpUrl: server.httpUrl,
    endpoint,
    sockets: () => server.gateway.connections.size,
    async stop() {
      await server.stop();
      await endpoint.close();
    },
  });
}

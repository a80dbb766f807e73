// A real server with --inspect in this process, so that a test can reach its gateway as well as its page. stageScene()
// adds connections to inspect: one in mid-turn, one that does not read, one that is being closed for not reading.
import type { Limits } from "../../src/limits.ts";
import { type RunningServer, startServer } from "../../src/server/server.ts";
import { serveConfig } from "../../src/turnwire.ts";
import { type Client, connect } from "./client.ts";
import { eventually } from "./deadline.ts";

export interface InspectFixture {
  readonly server: RunningServer;
  /** The URL of the page. */
  readonly url: string;
  /** Connects a client; it is killed when the fixture ends. */
  join(): Promise<Client>;
  /** XState's id of the newest actor of a chart. */
  newest(chart: string): string;
  /** The current states of an actor, as the server reports them; empty when the actor does not exist. */
  states(id: string): string[];
  end(): Promise<void>;
}

export interface InspectFixtureOptions {
  mode?: "on" | "full" | "record" | "full,record";
  limits?: Partial<Limits>;
  token?: string;
  httpPort?: number;
}

export async function startInspectFixture(options: InspectFixtureOptions = {}): Promise<InspectFixture> {
  const { mode = "on", token, httpPort = 0 } = options;
  const flags = ["--port", "0", "--http-port", String(httpPort), "--data-dir", ":memory:", "--drain-ms", "0"];
  const config = serveConfig(
    [...flags, `--inspect=${mode}`, ...(token === undefined ? ["--no-token"] : [])],
    token === undefined ? {} : { TURNWIRE_TOKEN: token },
  );
  const server = await startServer({ config, limits: { readsBurst: 1_000_000, ...options.limits } });
  const clients: Client[] = [];
  const found = (chart: string) => {
    const search = { chart, state: undefined, find: undefined, olderThanMs: undefined, youngerThanMs: undefined };
    return server.gateway.directory.find({ ...search, limit: 100 }).actors;
  };
  return {
    server,
    url: `${server.httpUrl}/inspect`,
    async join() {
      const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
      const client = await connect(server.wsUrl, { headers });
      clients.push(client);
      await client.next("catalog");
      return client;
    },
    newest(chart) {
      const newest = found(chart).at(-1);
      if (!newest) throw new Error(`no actor of the chart ${chart} exists`);
      return newest.id;
    },
    states: (id) => server.gateway.directory.summary(id)?.states ?? [],
    async end() {
      for (const client of clients) client.kill();
      await server.stop();
    },
  };
}

/** The script of a long turn. Its output soon congests a socket that does not read. */
const longTurn = (bytesPerSecond: number): string => {
  const delayMs = 20;
  const size = Math.round((bytesPerSecond * delayMs) / 1000);
  return JSON.stringify({ tokens: 3_000, size, delayMs, reasoning: 10 });
};

export const sceneConversation = "3f1c0a52-9b7e-4d5c-8a41-52e0c9d7b6aa";

/** Ids of three connections: one in mid-turn, one congested, one that is being closed for not reading. */
export interface Scene {
  midTurn: string;
  congested: string;
  closing: string;
}

/** @param beforeItStalls called with the id of the connection that will be congested, while it still reads */
export async function stageScene(
  fixture: InspectFixture,
  beforeItStalls: (congested: string) => Promise<void>,
): Promise<Scene> {
  const conversationId = sceneConversation;
  const subscribed = async (): Promise<{ client: Client; id: string }> => {
    const client = await fixture.join();
    const id = fixture.newest("connection");
    client.send({ type: "chat.subscribe", conversationId });
    return { client, id };
  };
  const isIn = (id: string, state: string) => () => fixture.states(id).includes(state);
  const writer = await fixture.join();
  const midTurn = fixture.newest("connection");
  const late = await fixture.join();
  const congested = fixture.newest("connection");
  await beforeItStalls(congested);
  writer.send({ type: "chat.send", conversationId, model: "demo/script", message: longTurn(200_000) });
  await writer.nextEvent(conversationId, "turn-start");
  const { client: first, id: closing } = await subscribed();
  first.pause();
  await eventually(isIn(closing, "connection.open.flow.congested"), "the first to be congested");
  // The first connection is closed 10 s after an unanswered ping and cut 5 s later. The second must stall later, so
  // that it is still congested while the first is closing.
  const silentMs = (): number => fixture.server.gateway.directory.detail(closing, 0)?.flow?.heardMsAgo ?? 0;
  await eventually(() => silentMs() > 6_000, "the first to be silent for a while");
  late.send({ type: "chat.subscribe", conversationId });
  await late.nextEvent(conversationId, "turn-start");
  late.pause();
  await eventually(isIn(closing, "connection.closing.because.slow"), "the first to be closed", 12_000);
  await eventually(isIn(congested, "connection.open.flow.congested"), "the second to be congested");
  return { midTurn, congested, closing };
}

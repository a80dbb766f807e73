// Measures how long answers wait behind a turn on a slow link. Clients ask ten times a second from the start. The bytes
// in flight to a socket must never exceed what its link carries in a moment (protocol 1.5.7).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Client, connect, type Match } from "../support/client.ts";
import { eventually } from "../support/deadline.ts";
import { ServerProcess } from "../support/server-process.ts";
import { ask } from "../support/system-http.ts";
import { playScript } from "../support/system-turns.ts";
import { ThrottlingProxy } from "../support/throttling-proxy.ts";

const test = suite("network: waiting");

const v1 = { protocols: ["turnwire.v1"] };
const linkBytesPerSecond = 100_000;
/** The turn produces text three times as fast as the link carries it. */
const turn = { tokens: 20_000, size: 300, delayMs: 1 };
const askEveryMs = 100;
const askForMs = 6_000;
/** From this time on the server knows the pace of the link. */
const learntMs = 3_000;
const waitMaxMs = 3_000;
const learntWaitMaxMs = 2_000;
const answerMs = 20_000;

let server: ServerProcess;
let proxy: ThrottlingProxy;
let serial = 0;

test.before(async () => {
  server = await ServerProcess.start();
  proxy = await ThrottlingProxy.open(server.wsUrl);
});

test.after(async () => {
  await proxy.close();
  await server.stop();
});

interface Wait {
  /** Time from the start of the questions to this one. */
  atMs: number;
  tookMs: number;
}

interface Kind {
  what: string;
  isV1: boolean;
  /** Resolves once the question is sent. The wait is measured from then on. */
  question: (client: Client, id: string) => unknown;
  answer: (id: string) => Match;
}

/** Asks repeatedly. Returns when each question was asked and how long its answer took. */
async function waitsOf(client: Client, { question, answer }: Kind): Promise<Wait[]> {
  const began = performance.now();
  const waits: Promise<Wait>[] = [];
  const put = async (): Promise<Wait> => {
    const id = `question-${++serial}`;
    const answered = client.next(answer(id), answerMs).then(() => performance.now());
    await question(client, id);
    const askedAt = performance.now();
    return { atMs: askedAt - began, tookMs: Math.max(0, (await answered) - askedAt) };
  };
  const timer = setInterval(() => waits.push(put()), askEveryMs);
  try {
    await eventually(() => performance.now() - began > askForMs, "the questions to be asked", 2 * askForMs);
  } finally {
    clearInterval(timer);
  }
  return await Promise.all(waits);
}

/** Describes waits that are too long; undefined if there are none. */
function judge(what: string, waits: Wait[]): string | undefined {
  const longest = Math.round(Math.max(...waits.map(({ tookMs }) => tookMs)));
  const later = waits.filter(({ atMs }) => atMs > learntMs).map(({ tookMs }) => tookMs);
  const longestLater = Math.round(Math.max(...later));
  const words = `${what}: ${waits.length} answers, the longest wait ${longest} ms, ${longestLater} ms later`;
  process.stdout.write(`${words}\n`);
  return longest < waitMaxMs && longestLater < learntWaitMaxMs ? undefined : words;
}

const kinds: Kind[] = [
  {
    what: "a reply",
    isV1: true,
    question: (client, id) => client.send({ type: "ping", id }),
    answer: (id) => ({ type: "reply", id }),
  },
  {
    what: "a pong of the base contract",
    isV1: false,
    question: (client) => client.send({ type: "ping" }),
    answer: () => "pong",
  },
  {
    what: "a refusal",
    isV1: false,
    question: (client, id) => client.send({ type: "invoke", surfaceId: id, actionId: "x" }),
    answer: (id) => ({ type: "error", surfaceId: id }),
  },
  {
    what: "a broadcast",
    isV1: false,
    question: async (_client, id) => {
      await ask(server, `/conversations/${id}/title`, { method: "PUT", body: { title: "x" } });
      await ask(server, `/conversations/${id}/open`, { method: "POST" });
    },
    answer: (id) => ({ type: "conversation.open", conversationId: id }),
  },
];

for (const [conversations, joins] of [
  [1, "before a turn"],
  [3, "in the middle of three turns"],
] as const)
  test(`a client that joins ${joins} through 100 kB/s waits 3 s at most, and 2 s once its pace is known`, async () => {
    const ids = Array.from({ length: conversations }, () => `waiting ${++serial}`);
    using writer = await connect(server.wsUrl);
    const begin = (): void => {
      for (const id of ids) writer.send(playScript(id, turn));
    };
    if (joins !== "before a turn") {
      begin();
      await eventually(() => ids.every((id) => writer.transcript(id).events.length > 2_500), "the turns to be long");
    }
    const asking: { kind: Kind; client: Client }[] = [];
    for (const kind of kinds) {
      const client = await connect(proxy.url, kind.isV1 ? v1 : {});
      proxy.link.throttle(linkBytesPerSecond);
      await client.next("catalog");
      asking.push({ kind, client });
    }
    for (const { client } of asking)
      for (const conversationId of ids) client.send({ type: "chat.subscribe", conversationId });
    if (joins === "before a turn") {
      await Promise.all(asking.map(({ client }) => client.barrier()));
      begin();
    }
    const measured = await Promise.all(
      asking.map(async ({ kind, client }) => ({ kind, waits: await waitsOf(client, kind) })),
    );
    for (const { client } of asking) client.kill();
    for (const conversationId of ids) writer.send({ type: "chat.cancel", conversationId });
    assert.equal(
      measured.map(({ kind, waits }) => judge(`${joins}: ${kind.what}`, waits)).filter((fault) => fault !== undefined),
      [],
    );
  });

test.run();

// The ladder for slow sockets on bad networks, with a real server and real TCP. The server waits for a slow reader,
// which harms no other client. It disconnects a client that does not read. A client that reconnects resumes where it
// was (protocol 1.5, 2).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { budgets } from "../budgets.ts";
import { type Client, type ConnectOptions, connect } from "../support/client.ts";
import { eventually } from "../support/deadline.ts";
import { ServerProcess } from "../support/server-process.ts";
import { figureIn } from "../support/system-http.ts";
import { playScript, scriptText } from "../support/system-turns.ts";
import { type Link, ThrottlingProxy } from "../support/throttling-proxy.ts";

const test = suite("network: the ladder");

const v1 = { protocols: ["turnwire.v1"] };
/** A turn that the server writes at full speed: 1.2 MB of text, 4 MB in the long form. */
const flood = { tokens: budgets.network.ladderTokens, size: 200 };
const floodText = scriptText(flood.tokens, flood.size);
const turnMs = 60_000;

let server: ServerProcess;
let proxy: ThrottlingProxy;
let ways = 0;

test.before(async () => {
  server = await ServerProcess.start();
  proxy = await ThrottlingProxy.open(server.wsUrl);
});

test.after(async () => {
  await proxy.close();
  await server.stop();
});

interface Through {
  client: Client;
  link: Link;
}

/** Connects through the proxy. Calls must not overlap, because the proxy's newest link is taken for this client's. */
async function through(options: ConnectOptions = {}): Promise<Through> {
  const client = await connect(proxy.url, options);
  await client.next("catalog");
  return { client, link: proxy.link };
}

async function watch(client: Client, conversationId: string): Promise<void> {
  client.send({ type: "chat.subscribe", conversationId });
  await client.barrier();
}

const newConversation = (): string => `way ${++ways}`;

/** Waits until this client has the whole turn, and compares its text. */
async function hasAll(client: Client, conversationId: string, deadlineMs = turnMs): Promise<void> {
  await client.nextEvent(conversationId, "turn-sealed", deadlineMs);
  assert.is(client.transcript(conversationId).text, floodText);
}

test("throttled, bursting and split peers get the whole turn, and a free peer does not wait for them", async () => {
  const id = newConversation();
  const bad: Through[] = [];
  while (bad.length < 12) bad.push(await through());
  for (const { client } of bad) await watch(client, id);
  bad.forEach(({ link }, at) => {
    if (at % 3 === 0) link.throttle(400_000 + 50_000 * at);
    else if (at % 3 === 1) link.burst(40, 150);
    else link.split(997);
  });
  using free = await connect(server.wsUrl);
  await watch(free, id);
  free.send(playScript(id, flood));
  await hasAll(free, id);
  const late = bad.filter(({ client }) => client.transcript(id).text.length < floodText.length);
  assert.ok(late.length > 0, "the free peer has the whole turn while another does not");
  await Promise.all(bad.map(({ client }) => hasAll(client, id)));
  for (const { client } of bad) client.kill();
});

test("a slow peer that reads 8 kB/s is not disconnected", async () => {
  const id = newConversation();
  const { client, link } = await through();
  await watch(client, id);
  link.down.throttle(8_000);
  using free = await connect(server.wsUrl);
  await watch(free, id);
  free.send(playScript(id, { tokens: 2_000, size: 100 }));
  await free.nextEvent(id, "turn-sealed", turnMs);
  const start = performance.now();
  await eventually(
    () => performance.now() - start > budgets.network.slowPeerMs || client.isClosed,
    "that time",
    turnMs,
  );
  assert.is(client.isClosed, false);
  link.free();
  await client.nextEvent(id, "turn-sealed", turnMs);
  assert.is(client.transcript(id).text, scriptText(2_000, 100));
  client.kill();
});

const unread = {
  stalled: (link: Link): void => link.stall(),
  "half-open": (link: Link): void => link.halfOpen(),
};

test("stalled and half-open peers cost no more than their windows, are cut off, and resume without a gap", async () => {
  const id = newConversation();
  using free = await connect(server.wsUrl);
  await watch(free, id);
  const peers: (Through & { stop: (link: Link) => void })[] = [];
  for (const stop of Object.values(unread)) {
    const peer = await through(v1);
    await watch(peer.client, id);
    peers.push({ ...peer, stop });
  }
  free.send(playScript(id, { ...flood, delayMs: 1 }));
  const areUnderWay = (): boolean => peers.every(({ client }) => client.received.length > 200);
  await eventually(areUnderWay, "the turn to be under way", turnMs);
  for (const { link, stop } of peers) stop(link);
  let heldBytes = 0;
  const areCutOff = async (): Promise<boolean> => {
    heldBytes = Math.max(heldBytes, await figureIn(server, "turnwire_unsent_bytes"));
    return (await figureIn(server, "turnwire_sockets")) === 1;
  };
  // 10 s for the ack and 5 s for the close; a busy machine takes longer.
  await eventually(areCutOff, "the peers to be cut off", 60_000);
  assert.ok(heldBytes <= peers.length * limits.outstandingBytesMax, `the server held ${heldBytes} bytes`);
  for (const { client } of peers) {
    client.kill();
    await client.untilClosed();
    const before = client.transcript(id);
    const { client: back } = await through(v1);
    back.send({ type: "chat.subscribe", conversationId: id, after: before.cursor });
    assert.is((await back.next("chat.subscribed"))["recovered"], true);
    await back.nextEvent(id, "turn-sealed", turnMs);
    const after = back.transcript(id);
    assert.is(after.firstSeq, (before.cursor?.seq ?? 0) + 1);
    assert.is(before.text + after.text, floodText);
    back.kill();
  }
});

test.run();

// A real server with every limit changed must enforce the limits that it announces. A request at a limit is accepted. A
// request one above it is refused with the number that hello announced.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits as defaults, type Limits } from "../../src/limits.ts";
import { isRecord } from "../support/client/transcript.ts";
import { type Client, connect, type Message, refusedUpgrade } from "../support/client.ts";
import { eventually } from "../support/deadline.ts";
import { closeOf, opcodes, openUpgradedPeer, type Peer } from "../support/http-peer.ts";
import { type LimitedServer, changedLimits as limits, startLimitedServer, tokens } from "../support/limited-server.ts";
import { callTools, hang, refuse } from "../support/openai-endpoint.ts";
import { type Ask, ask } from "../support/system-http.ts";
import { eventOf, untilSealed } from "../support/system-turns.ts";

const test = suite("system: limits");

let server: LimitedServer;
const clients: { kill(): void }[] = [];
test.before(async () => {
  server = await startLimitedServer();
});
test.after.each(async () => {
  for (const client of clients.splice(0)) client.kill();
  await eventually(() => server.sockets() === 0, "the sockets to be gone");
});
test.after(() => server.stop());

const headersOf = (who: keyof typeof tokens) => ({ Authorization: `Bearer ${tokens[who]}` });

/** Connects a socket and waits for its hello. */
async function join(who: keyof typeof tokens = "admin"): Promise<Client> {
  const client = await connect(server.wsUrl, { protocols: ["turnwire.v1"], headers: headersOf(who) });
  clients.push(client);
  await client.next("catalog");
  return client;
}

async function joinBare(): Promise<Peer> {
  const peer = await openUpgradedPeer(server.wsUrl, { headers: { authorization: `Bearer ${tokens.admin}` } });
  clients.push(peer);
  return peer;
}

let asked = 0;

/** Sends one request. Returns its reply in short: ok, or the code and the message. */
async function request(client: Client, message: object): Promise<string> {
  const id = `r${++asked}`;
  client.send({ ...message, id });
  return wordsOf(await client.next({ type: "reply", id }));
}

function wordsOf({ error, ok }: Message): string {
  return isRecord(error) ? `${error["code"]}: ${error["message"]}` : `ok ${ok}`;
}

const http = (path: string, request: Ask = {}) =>
  ask(server, path, { ...request, headers: { ...headersOf("admin"), ...request.headers } });

/** A valid chat.send that is refused only for its model, so that it costs no turn. */
const chat = (fields: object) => ({ type: "chat.send", message: "hello", model: "none/m", ...fields });
const taken = /^unknown-model/;

/** Pads one field so that the message has this many bytes, including the id that `request` adds. */
function ofBytes(bytes: number, message: object, filled: (text: string) => object): object {
  const id = `r${asked + 1}`;
  const without = JSON.stringify({ ...message, ...filled(""), id }).length;
  return { ...message, ...filled("x".repeat(bytes - without)) };
}

test("every limit differs from its default, and the server runs", () => {
  for (const name of Object.keys(defaults) as (keyof Limits)[])
    assert.is.not(limits[name], defaults[name], `${name} is not changed`);
});

/** The limits that have older names on the wire. */
const renamed: Record<string, keyof Limits> = {
  looksBurst: "readsBurst",
  looksPerSecond: "readsPerSecond",
  longWorkWaitMsMax: "longMessageWaitMsMax",
  newcomersWaitingMax: "pendingUpgradesMax",
  newcomerBytesMax: "pendingUpgradeBytesMax",
  vainNewcomerMs: "shortLivedSocketMs",
  vainNewcomersBurst: "shortLivedSocketsBurst",
  vainNewcomersPerSecond: "shortLivedSocketsPerSecond",
  receiptWishedMs: "ackTargetMs",
  markAnswerMs: "ackTimeoutMs",
};

test("hello announces the limits of this server, and /metrics its budgets", async () => {
  const [hello] = (await join()).received;
  const announced = isRecord(hello?.["limits"]) ? hello["limits"] : {};
  assert.ok(Object.keys(announced).length > 60);
  const known: Record<string, number> = limits;
  for (const [name, value] of Object.entries(announced)) assert.is(value, known[renamed[name] ?? name], name);
  const { text } = await http("/metrics");
  const budgets = [...text.matchAll(/^turnwire_budget_bytes\{limit="(\w+)"\} (\d+)$/gm)];
  assert.is(budgets.length, 7);
  for (const [, name = "", value] of budgets) assert.is(Number(value), known[name], name);
});

test("frames, messages and texts are limited in bytes", async () => {
  const client = await join();
  const image = (url: string) => ({ images: [{ url }] });
  const { frameBytesMax, messageBytesMax, chatTextBytesMax } = limits;
  assert.match(
    await request(
      client,
      ofBytes(frameBytesMax, chat({}), (text) => image(`u${text}`)),
    ),
    taken,
  );
  const peer = await joinBare();
  peer.send({ opcode: opcodes.text, payload: "x", claimedLength: frameBytesMax + 1 });
  assert.is(closeOf(await peer.frame(({ opcode }) => opcode === opcodes.close))?.code, 1009);

  const ping = (bytes: number): object => ofBytes(bytes, { type: "ping" }, (more) => ({ more }));
  assert.is(await request(client, ping(messageBytesMax)), "ok true");
  const bounded = `\`ping\` may have at most ${messageBytesMax} bytes, this one has ${messageBytesMax + 1}`;
  assert.is(await request(client, ping(messageBytesMax + 1)), `too-large: Invalid message: ${bounded}`);

  assert.match(await request(client, chat({ message: "x".repeat(chatTextBytesMax) })), taken);
  const tooLong = `Invalid message: \`message\` must have at most ${chatTextBytesMax} bytes`;
  const message = "x".repeat(chatTextBytesMax + 1);
  assert.is(await request(client, chat({ message })), `invalid-message: ${tooLong}`);
  const answer = await http("/chat", { method: "POST", body: { message } });
  assert.equal([answer.status, answer.json], [413, { error: tooLong }]);
});

test("ids, idempotency keys and short strings are limited in characters", async () => {
  const client = await join();
  const rows: [field: string, charactersMax: number][] = [
    ["conversationId", limits.idCharactersMax],
    ["idempotencyKey", limits.idempotencyKeyCharactersMax],
    ["model", limits.shortStringCharactersMax],
  ];
  for (const [field, most] of rows) {
    assert.match(await request(client, chat({ [field]: "x".repeat(most) })), taken, field);
    const refused = `invalid-message: Invalid message: \`${field}\` must have at most ${most} characters`;
    assert.is(await request(client, chat({ [field]: "x".repeat(most + 1) })), refused);
  }
  const id = "x".repeat(limits.idCharactersMax);
  assert.is((await http(`/conversations/${id}/status`)).status, 200);
  const tooLong = await http(`/conversations/${id}x/status`);
  assert.equal([tooLong.status, tooLong.json], [400, { error: "the id in the path must have at most 40 characters" }]);
  const put = (title: string) => http("/conversations/c/title", { method: "PUT", body: { title } });
  assert.is((await put("x".repeat(limits.shortStringCharactersMax))).status, 200);
  assert.match((await put("x".repeat(limits.shortStringCharactersMax + 1))).text, "must have at most 60 characters");
});

test("a message is limited in its depth, its arrays and objects, and its fragments", async () => {
  const client = await join();
  const { nestingDepthMax, messageOpenersMax, messageFragmentsMax } = limits;
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
  const invoke = (depth: number) => ({ type: "invoke", surfaceId: "none", actionId: "a", payload: nested(depth - 1) });
  assert.match(await request(client, invoke(nestingDepthMax)), /^unknown-surface/);
  const tooDeep = `Invalid message: \`payload\` is nested deeper than ${nestingDepthMax} levels`;
  assert.is(await request(client, invoke(nestingDepthMax + 1)), `invalid-message: ${tooDeep}`);

  // Two openers are the message and its array; the others are the images.
  const images = (openers: number) => ({ images: Array.from({ length: openers - 2 }, () => ({ url: "u" })) });
  const filled = (openers: number): object =>
    ofBytes(limits.messageBytesMax + 1, chat(images(openers)), (more) => ({ more }));
  assert.match(await request(client, filled(messageOpenersMax)), taken);
  client.send({ ...filled(messageOpenersMax + 1), id: "x".repeat(5) });
  const tooMany = `Invalid message: it holds more than ${messageOpenersMax} arrays and objects`;
  assert.is((await client.next("error"))["message"], tooMany);

  const inFragments = async (count: number): Promise<Peer> => {
    const peer = await joinBare();
    const pieces = ['{"type":', ...Array.from({ length: count - 2 }, () => " "), '"ping"}'];
    for (const [index, payload] of pieces.entries())
      peer.send({ opcode: index === 0 ? opcodes.text : opcodes.continuation, payload, fin: index === count - 1 });
    return peer;
  };
  await (await inFragments(messageFragmentsMax)).frame(({ payload }) => String(payload) === '{"type":"pong"}');
  const broken = await inFragments(messageFragmentsMax + 1);
  assert.is(closeOf(await broken.frame(({ opcode }) => opcode === opcodes.close))?.code, 1008);
});

test("each socket is limited in its subscriptions, its unsettled actions and the time of an action", async () => {
  const client = await join();
  const { subscriptionsPerSocketMax, invokesPerSocketMax, surfaceAnswerMs } = limits;
  const subscribe = (index: number) => request(client, { type: "chat.subscribe", conversationId: `c${index}` });
  for (let index = 0; index < subscriptionsPerSocketMax; index++) assert.is(await subscribe(index), "ok true");
  assert.match(await subscribe(subscriptionsPerSocketMax), `too-many: this socket has ${subscriptionsPerSocketMax} `);

  const invoke = () => request(client, { type: "invoke", surfaceId: "sized", actionId: "a" });
  const settled = await Promise.all(Array.from({ length: invokesPerSocketMax + 1 }, invoke));
  assert.match(settled.pop() ?? "", `too-many: ${invokesPerSocketMax} actions of this socket have not settled yet`);
  for (const reply of settled)
    assert.match(reply, `surface-failed: a did not settle within ${surfaceAnswerMs / 1_000} s`);
});

test("a spec is limited in characters", async () => {
  const client = await join();
  server.specCharacters = limits.specCharactersMax;
  assert.is(await request(client, { type: "subscribe", surfaceId: "sized" }), "ok true");
  assert.is(JSON.stringify((await client.next("surface"))["spec"]).length, limits.specCharactersMax);
  await request(client, { type: "unsubscribe", surfaceId: "sized" });
  server.specCharacters++;
  await request(client, { type: "subscribe", surfaceId: "sized" });
  assert.match(
    String((await client.next("error"))["message"]),
    `too large: over ${limits.specCharactersMax} characters`,
  );
});

/**
 * The server takes a burst of requests, then refuses requests with a wait time. It closes the socket of a client that
 * ignores the refusals.
 */
async function provesRate(burst: number, message: object, isTaken: RegExp, perSecond: number): Promise<void> {
  const client = await join();
  for (let count = 0; count < burst; count++) assert.match(await request(client, message), isTaken);
  for (let count = 0; count < limits.commandRefusalsMax; count++) {
    const refused = await request(client, message);
    const [, afterMs = ""] = /^rate-limited: Too many requests: wait (\d+) ms$/.exec(refused) ?? [];
    assert.ok(Number(afterMs) <= 1_000 / perSecond && Number(afterMs) > 500 / perSecond, refused);
  }
  client.send(message);
  assert.is((await client.untilClosed()).code, 4003);
}

test("bursts of requests and bursts of cheap requests are limited", async () => {
  const { commandsBurst, commandsPerSecond, readsBurst, readsPerSecond } = limits;
  await provesRate(commandsBurst, chat({}), taken, commandsPerSecond);
  await provesRate(readsBurst, { type: "ping" }, /^ok true$/, readsPerSecond);
});

test("a long message counts as several requests, up to a maximum", async () => {
  const client = await join();
  const { bytesPerCommand, commandsPerMessageMax, commandsBurst } = limits;
  const send = (bytes: number) =>
    request(
      client,
      ofBytes(bytes, chat({}), (url) => ({ images: [{ url: `u${url}` }] })),
    );
  assert.match(await send(bytesPerCommand), taken, "counts as two");
  const left = commandsBurst - 2;
  const many = Math.floor(left / commandsPerMessageMax);
  for (let count = 0; count < many; count++)
    assert.match(await send((commandsPerMessageMax + 2) * bytesPerCommand), taken);
  for (let count = many * commandsPerMessageMax; count < left; count++)
    assert.match(await request(client, chat({})), taken);
  const refused = await send((commandsPerMessageMax + 2) * bytesPerCommand);
  assert.match(refused, new RegExp(`^rate-limited: .*counts as ${commandsPerMessageMax}\\)$`));
});

test("sockets per address, inspected actors and inspection streams are limited", async () => {
  const { socketsPerLoopbackAddressMax, retryAfterMs, inspectStreamsMax, inspectedActorsMax } = limits;
  for (let count = 0; count < socketsPerLoopbackAddressMax; count++) await join();
  const { status, headers } = await refusedUpgrade(server.wsUrl, { headers: headersOf("admin") });
  assert.equal([status, headers["retry-after"]], [429, String(retryAfterMs / 1_000)]);

  const { json } = await http("/inspect/actors?chart=connection&limit=100");
  const actors = isRecord(json) && Array.isArray(json["actors"]) ? json["actors"] : [];
  assert.is(actors.length, inspectedActorsMax);
  const stop = new AbortController();
  const watch = () =>
    fetch(`${server.httpUrl}/inspect/actors/${actors[0].id}/stream`, {
      headers: headersOf("admin"),
      signal: stop.signal,
    });
  for (let count = 0; count < inspectStreamsMax; count++) assert.is((await watch()).status, 200);
  const full = await watch();
  assert.is(full.status, 429);
  assert.match(await full.text(), `${inspectStreamsMax} pages are watching`);
  stop.abort();
});

test("tickets are limited in number and lifetime, and the oldest is dropped first", async () => {
  const issue = async (): Promise<{ ticket: string; expiresAt: number }> => {
    const { json } = await http("/ticket", { method: "POST" });
    return json as { ticket: string; expiresAt: number };
  };
  const before = Date.now();
  const first = await issue();
  const after = Date.now();
  assert.ok(first.expiresAt >= before + limits.ticketMs && first.expiresAt <= after + limits.ticketMs);
  const second = await issue();
  for (let count = 2; count <= limits.ticketsMax; count++) await issue();
  const protocolOf = ({ ticket }: { ticket: string }) => `turnwire.ticket.${ticket}`;
  assert.is((await refusedUpgrade(server.wsUrl, { protocols: [protocolOf(first)] })).status, 401);
  clients.push(await connect(server.wsUrl, { protocols: ["turnwire.v1", protocolOf(second)] }));
});

test("running turns are limited in total and per token, and queued texts in number and length", async () => {
  const [client, other] = [await join(), await join("other")];
  const { runningTurnsMax, runningTurnsPerTokenMax, queuedTextsMax, queuedTextCharactersMax } = limits;
  const begin = (whose: Client, conversationId: string) =>
    request(whose, { type: "chat.send", conversationId, message: "hang" });
  for (let count = 0; count < runningTurnsPerTokenMax; count++)
    assert.is(await begin(client, `run${count}`), "ok true");
  assert.match(await begin(client, "more"), `too-many: ${runningTurnsPerTokenMax} turns of the token "TURNWIRE_TOKEN"`);
  assert.is(await begin(other, "others"), "ok true");
  assert.match(await begin(other, "more"), `too-many: ${runningTurnsMax} turns are running`);

  const enqueue = (characters: number) =>
    request(client, { type: "chat.queue", conversationId: "run0", text: "x".repeat(characters) });
  const tooLong = `too-large: a queued text may have at most ${queuedTextCharactersMax} characters`;
  assert.is(await enqueue(queuedTextCharactersMax + 1), tooLong);
  for (let count = 0; count < queuedTextsMax; count++) assert.is(await enqueue(queuedTextCharactersMax), "ok true");
  assert.is(await enqueue(1), `queue-full: at most ${queuedTextsMax} texts may wait in a conversation`);
  for (const conversationId of ["run0", "run1", "others"])
    await http(`/conversations/${conversationId}/close`, { method: "POST" });
  for (const [who, id] of [
    [client, "run0"],
    [client, "run1"],
    [other, "others"],
  ] as const)
    await untilSealed(who, id);
});

test("remembered idempotency keys are limited in number", async () => {
  const client = await join();
  const send = async (key: string, conversationId: string): Promise<unknown> => {
    const id = `r${++asked}`;
    client.send({ type: "chat.send", message: "hello", conversationId, idempotencyKey: key, id });
    const { turnId } = await client.next({ type: "reply", id });
    return turnId;
  };
  const keys = Array.from({ length: limits.idempotencyKeysMax + 1 }, (_, index) => `key${index}`);
  const turns: unknown[] = [];
  for (const key of keys) {
    turns.push(await send(key, key));
    await untilSealed(client, key);
  }
  assert.is(await send(keys.at(-1) ?? "", keys.at(-1) ?? ""), turns.at(-1));
  assert.is(await send(keys[1] ?? "", keys[1] ?? ""), turns[1], "the oldest remembered key");
  assert.is.not(await send(keys[0] ?? "", keys[0] ?? ""), turns[0]);
  await client.nextEvent(keys[0] ?? "", "turn-sealed");
});

/** Plays one turn to its end. */
async function play(conversationId: string, message: string, model = "test/m") {
  const client = await join();
  assert.is(await request(client, { type: "chat.send", conversationId, message, model }), "ok true");
  return await untilSealed(client, conversationId);
}

const errorIn = (turn: Awaited<ReturnType<typeof play>>): string => String(eventOf(turn, "error")["message"]);

test("deltas are limited in characters, and events and turns in bytes", async () => {
  const { deltaCharactersMax, eventBytesMax, turnLogBytesMax } = limits;
  const client = await join();
  await request(client, { type: "chat.send", conversationId: "deltas", message: `say ${2.5 * deltaCharactersMax}` });
  assert.is((await untilSealed(client, "deltas")).text.length, 2.5 * deltaCharactersMax);
  const isText = ({ event }: Message): boolean => isRecord(event) && event["type"] === "text-delta";
  // Each event inside a joined one counts.
  const parts = client.received.filter(isText).map(({ seq, fromSeq = seq }) => Number(seq) - Number(fromSeq) + 1);
  assert.is(
    parts.reduce((sum, count) => sum + count, 0),
    3,
  );

  server.endpoint.reply(callTools({ name: "long", arguments: {} }));
  const cut = await play("cut", "go", "openai/small");
  assert.ok(JSON.stringify(eventOf(cut, "tool-result")).length <= eventBytesMax);
  assert.match(String(eventOf(cut, "tool-result")["content"]), "[cut: the first ");

  const outgrown = await play("outgrown", `say ${turnLogBytesMax}`);
  assert.is(errorIn(outgrown), `the turn was ended because it is larger than ${turnLogBytesMax} bytes`);
});

test("steps of a turn, the time of a tool, the silence of a model and retries are limited", async () => {
  const { endpoint } = server;
  const { stepsPerTurnMax, toolRunMs, modelSilenceMs, retriesMax, retryFirstDelayMs } = limits;
  endpoint.otherwise(callTools({ name: "quick", arguments: {} }));
  const steps = await play("steps", "go", "openai/small");
  assert.is(steps.reason, "tool-calls");
  assert.is(steps.events.filter(({ type }) => type === "step-complete").length, stepsPerTurnMax);

  endpoint.otherwise({ stream: [{ text: "done" }, { finish: "stop" }] });
  endpoint.reply(callTools({ name: "endless", arguments: {} }));
  const endless = eventOf(await play("endless", "go", "openai/small"), "tool-result");
  assert.is(endless["content"], `The tool did not finish within ${toolRunMs / 1_000} s and was told to stop.`);

  endpoint.otherwise(refuse(500));
  const failing = await play("failing", "go", "openai/small");
  const delays = failing.events.filter(({ type }) => type === "provider-retry").map(({ delayMs }) => delayMs);
  assert.equal(
    delays,
    Array.from({ length: retriesMax }, (_, attempt) => retryFirstDelayMs * 2 ** attempt),
  );
  assert.match(errorIn(failing), `(Tried ${retriesMax + 1} times.)`);

  endpoint.otherwise(hang);
  const silent = await play("silent", "go", "openai/small");
  assert.is(errorIn(silent), `The model endpoint sent nothing for ${modelSilenceMs / 1_000} s.`);
});

test("HTTP bodies are limited in bytes, and a temporary refusal says when to retry", async () => {
  const { httpBodyBytesMax, frameBytesMax, retryAfterMs } = limits;
  const over = async (path: string, method: string, bytesMax: number): Promise<void> => {
    const { status, json } = await http(path, { method, body: { more: "x".repeat(bytesMax) } });
    assert.equal([status, json], [413, { error: `the body may have at most ${bytesMax} bytes` }]);
  };
  await over("/conversations/c/title", "PUT", httpBodyBytesMax);
  await over("/chat", "POST", frameBytesMax);

  const client = await join();
  const setRefuses = (value: boolean) =>
    request(client, { type: "invoke", surfaceId: "gateway", actionId: "set-refuses-turns", payload: { value } });
  await setRefuses(true);
  client.send({ type: "chat.send", message: "hello", id: "refused" });
  const { error } = await client.next({ type: "reply", id: "refused" });
  assert.is(isRecord(error) && error["retryAfterMs"], retryAfterMs);
  const { status, headers } = await http("/chat", { method: "POST", body: { message: "hello" } });
  assert.equal([status, headers.get("retry-after")], [503, String(retryAfterMs / 1_000)]);
  await setRefuses(false);
});

test("a server that stops tells its clients when to reconnect", async () => {
  const client = await join();
  const stopped = server.stop();
  assert.is((await client.next("server.draining"))["reconnectAfterMs"], limits.reconnectAfterMs);
  await stopped;
});

test.run();

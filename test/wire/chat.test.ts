// Chat on the wire with a scripted orchestrator: sending, watching, leaving, steering and cancelling (protocol 1.1,
// 1.3, 2), by one client and by several at once.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { TurnEventBody } from "../../src/protocol/turn-event.ts";
import { isRecord } from "../support/client/transcript.ts";
import type { Client } from "../support/client.ts";
import { withHost } from "../support/gateway.ts";

const test = suite("wire: chat");

const typesOf = (client: Client, conversationId: string): string[] =>
  client.transcript(conversationId).events.map((event) => event.type);

// ── chat.send ─────────────────────────────────────────────────────────────────────────────────────────────────────

test("chat.send passes every field to the orchestrator (1.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    client.send({
      type: "chat.send",
      conversationId: "c",
      message: "hello",
      model: "p/m",
      cwd: "/somewhere",
      reasoningEffort: "xhigh",
      workspaceId: "w",
      computerId: "k",
      images: [{ url: "data:,x", mimeType: "image/png" }, { url: "https://example.org/y" }],
      unknown: "ignored",
    });
    await client.barrier();
    assert.equal(orchestrator.given("startTurn"), [
      {
        conversationId: "c",
        text: "hello",
        modelName: "p/m",
        cwd: "/somewhere",
        reasoningEffort: "xhigh",
        workspaceId: "w",
        computerId: "k",
        images: [{ url: "data:,x", mimeType: "image/png" }, { url: "https://example.org/y" }],
      },
    ]);
  }));

test("null in an optional field is the same as leaving it out (1.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    const optional = ["model", "cwd", "reasoningEffort", "workspaceId", "computerId", "images"];
    const nulls = Object.fromEntries(optional.map((field) => [field, null]));
    client.send({ type: "chat.send", conversationId: "c", message: "hello", ...nulls });
    client.send({ type: "chat.send", conversationId: null, message: "minted", ...nulls });
    client.send({ type: "chat.send", conversationId: "i", message: "image", images: [{ url: "x", mimeType: null }] });
    await client.barrier();
    const [first, second, third] = orchestrator.given("startTurn");
    assert.equal(first, { conversationId: "c", text: "hello" });
    assert.ok(isRecord(second) && typeof second["conversationId"] === "string");
    assert.ok(isRecord(third));
    assert.equal(JSON.parse(JSON.stringify(third)), { conversationId: "i", text: "image", images: [{ url: "x" }] });
    assert.equal(client.unread(), []);
  }));

test("chat.send subscribes before it starts the turn, so the sender misses no event (1.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    // A host that emits a whole turn before startTurn returns.
    orchestrator.onStart = (id) => {
      orchestrator.emit(id, { type: "user-message", text: "hello" }, { type: "turn-start" });
      orchestrator.say(id, "all ", "at ", "once");
      orchestrator.end(id);
    };
    client.send({ type: "chat.send", conversationId: "c", message: "hello" });
    await client.nextEvent("c", "turn-sealed");
    const { text, turns, firstSeq } = client.transcript("c");
    assert.is(text, "all at once");
    assert.is(firstSeq, 1);
    assert.equal(
      turns.map((turn) => [turn.reason, turn.sealed]),
      [["stop", true]],
    );
    const calls = orchestrator.asked.map((one) => one.call);
    assert.ok(calls.indexOf("subscribe") < calls.indexOf("startTurn"), calls.join());
  }));

test("without a conversationId the server creates a UUID, and the events have it (1.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    client.send({ type: "chat.send", message: "one" });
    client.send({ type: "chat.send", message: "two" });
    await client.barrier();
    const [one, two] = orchestrator.given("startTurn");
    assert.ok(isRecord(one) && isRecord(two));
    const ids = [String(one["conversationId"]), String(two["conversationId"])];
    assert.is.not(ids[0], ids[1]);
    for (const id of ids) {
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      orchestrator.say(id, "x");
      const event = await client.nextEvent(id, "text-delta");
      assert.is(event.conversationId, id);
    }
  }));

test("a turn's events arrive unchanged, numbered from 1 without gaps in one epoch (1.3, 2)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    client.send({ type: "chat.send", conversationId: "c", message: "hello" });
    await client.barrier();
    const bodies: TurnEventBody[] = [
      { type: "user-message", text: "hello" },
      { type: "turn-start" },
      { type: "reasoning-delta", delta: "hm" },
      { type: "text-delta", delta: 'Hi \ud83d\ude00 " \\ \n \u2028 \u0000' },
      { type: "tool-call", stepId: "s1", toolCallId: "k1", toolName: "clock", input: { zone: null, deep: [1, [2]] } },
      { type: "tool-output", toolCallId: "k1", data: "tick", stream: "stderr" },
      {
        type: "tool-result",
        stepId: "s1",
        toolCallId: "k1",
        toolName: "clock",
        content: "12:00",
        isError: false,
        durationMs: 3,
      },
      { type: "usage", stepId: "s1", usage: { inputTokens: 3, outputTokens: 4, cacheReadTokens: 1 } },
      { type: "step-complete", stepId: "s1", ttftMs: 1, decodeMs: 2, genTotalMs: 3 },
      { type: "steering", text: "more" },
      { type: "provider-retry", attempt: 0, delayMs: 500, message: "busy", code: "429" },
      { type: "error", message: "broken", code: "x" },
      { type: "done", reason: "error", durationMs: 9, usage: { inputTokens: 3, outputTokens: 4 }, contextSize: 7 },
      { type: "turn-sealed", latestSeq: 12 },
    ];
    orchestrator.emit("c", ...bodies);
    await client.nextEvent("c", "turn-sealed");
    const { events, turns } = client.transcript("c");
    const turnId = turns[0]?.turnId;
    assert.equal(
      events,
      bodies.map((body) => ({ ...body, conversationId: "c", turnId })),
    );
    const frames = client.received.filter((message) => message.type === "chat.delta");
    assert.equal(
      frames.map((frame) => frame["seq"]),
      bodies.map((_, index) => index + 1),
    );
    assert.is(new Set(frames.map((frame) => frame["epoch"])).size, 1);
    for (const frame of frames) assert.equal(Object.keys(frame), ["type", "event", "epoch", "seq"]);
    assert.is(client.binaryFrames, 0);
  }));

test("unknown event types are passed on unchanged (1.3)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    client.send({ type: "chat.send", conversationId: "c", message: "hello" });
    await client.barrier();
    const turnId = orchestrator.running.get("c")?.turnId;
    const strange = { conversationId: "c", turnId, type: "host.mood", mood: { good: true, list: [null, "", 0] } };
    const odd = { type: "text-delta", conversationId: "c", turnId, delta: "x", confidence: 0.5 };
    const noText = { type: "text-delta", conversationId: "c", turnId, delta: 5 };
    for (const event of [strange, odd, noText]) orchestrator.emitRaw("c", event);
    await client.nextEvent("c", (event) => event["delta"] === 5);
    assert.equal(client.transcript("c").events, [strange, odd, noText]);
  }));

test("the numbering continues across turns while a client watches (2, cursor)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    client.send({ type: "chat.subscribe", conversationId: "c" });
    await client.barrier();
    for (const word of ["one", "two", "three"]) {
      orchestrator.begin("c");
      orchestrator.say("c", word);
      orchestrator.end("c");
      await client.nextEvent("c", "turn-sealed");
    }
    const { turns, cursor, text } = client.transcript("c");
    assert.is(text, "onetwothree");
    assert.is(turns.length, 3);
    assert.is(cursor?.seq, 9);
    const frames = client.received.filter((message) => message.type === "chat.delta");
    assert.is(new Set(frames.map((frame) => frame["epoch"])).size, 1);
  }));

test("every conversation has its own epoch (2, cursor)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    for (const id of ["a", "b"]) {
      client.send({ type: "chat.send", conversationId: id, message: "x" });
      await client.barrier();
      orchestrator.say(id, id);
      await client.nextEvent(id, "text-delta");
    }
    assert.is.not(client.transcript("a").cursor?.epoch, client.transcript("b").cursor?.epoch);
    assert.is(client.transcript("a").firstSeq, 1);
    assert.is(client.transcript("b").firstSeq, 1);
  }));

// ── chat.subscribe, chat.unsubscribe ──────────────────────────────────────────────────────────────────────────────

test("chat.subscribe without a running turn replays nothing, and the subscription outlives turns (1.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    client.send({ type: "chat.subscribe", conversationId: "c" });
    await client.barrier();
    assert.equal(client.unread(), []);
    for (const word of ["first", "second"]) {
      orchestrator.begin("c");
      orchestrator.say("c", word);
      orchestrator.end("c");
      await client.nextEvent("c", "turn-sealed");
    }
    assert.equal(
      client.transcript("c").turns.map((turn) => turn.text),
      ["first", "second"],
    );
  }));

test("a sealed turn is not replayed to a client that subscribes afterwards (1.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const [early, late] = [await join(), await join()];
    early.send({ type: "chat.send", conversationId: "c", message: "x" });
    await early.barrier();
    orchestrator.say("c", "over");
    orchestrator.end("c");
    await early.nextEvent("c", "turn-sealed");
    late.send({ type: "chat.subscribe", conversationId: "c" });
    await late.barrier();
    orchestrator.begin("c");
    orchestrator.say("c", "new");
    await late.nextEvent("c", "text-delta");
    assert.is(late.transcript("c").text, "new");
    assert.is(late.transcript("c").firstSeq, 4);
    assert.is(late.transcript("c").cursor?.epoch, early.transcript("c").cursor?.epoch);
  }));

test("a late client gets the running turn from its first event, then live events, and the same text (1.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const early = await join();
    early.send({ type: "chat.send", conversationId: "c", message: "x" });
    await early.barrier();
    orchestrator.emit("c", { type: "user-message", text: "x" }, { type: "turn-start" });
    for (let word = 0; word < 500; word++) orchestrator.say("c", `word${word} `);
    orchestrator.emit("c", { type: "reasoning-delta", delta: "think " }, { type: "reasoning-delta", delta: "more" });
    const late = await join();
    late.send({ type: "chat.subscribe", conversationId: "c" });
    await late.nextEvent("c", "user-message");
    for (let word = 0; word < 500; word++) orchestrator.say("c", `later${word} `);
    orchestrator.end("c");
    await Promise.all([early.nextEvent("c", "turn-sealed"), late.nextEvent("c", "turn-sealed")]);
    const [one, other] = [early.transcript("c"), late.transcript("c")];
    assert.is(other.text, one.text);
    assert.is(other.reasoning, "think more");
    assert.is(other.firstSeq, 1);
    assert.equal(other.cursor, one.cursor);
    assert.is(other.cursor?.seq, 1_006);
    assert.ok(other.events.length < 1_006, "neighbouring text deltas were joined (1.5.1)");
    assert.equal(typesOf(late, "c").slice(0, 4), ["user-message", "turn-start", "text-delta", "reasoning-delta"]);
  }));

test("subscribing to a conversation that this server does not watch yet replays the running turn too (1.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    orchestrator.begin("c");
    orchestrator.emit("c", { type: "turn-start" });
    orchestrator.say("c", "begun ", "elsewhere");
    const client = await join();
    client.send({ type: "chat.subscribe", conversationId: "c" });
    await client.nextEvent("c", "text-delta");
    orchestrator.say("c", " and on");
    orchestrator.end("c");
    await client.nextEvent("c", "turn-sealed");
    assert.is(client.transcript("c").text, "begun elsewhere and on");
  }));

test("a repeated chat.subscribe has no effect (1.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    client.send({ type: "chat.send", conversationId: "c", message: "x" });
    await client.barrier();
    orchestrator.say("c", "once ");
    await client.nextEvent("c", "text-delta");
    for (let times = 0; times < 3; times++) client.send({ type: "chat.subscribe", conversationId: "c" });
    await client.barrier();
    orchestrator.say("c", "more");
    orchestrator.end("c");
    await client.nextEvent("c", "turn-sealed");
    assert.is(client.transcript("c").text, "once more");
    assert.is(orchestrator.subscriptions("c"), 1);
  }));

test("chat.unsubscribe stops watching and never affects the turn (1.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const [leaving, staying] = [await join(), await join()];
    leaving.send({ type: "chat.send", conversationId: "c", message: "x" });
    await leaving.barrier();
    staying.send({ type: "chat.subscribe", conversationId: "c" });
    orchestrator.say("c", "both ");
    await Promise.all([leaving.nextEvent("c", "text-delta"), staying.nextEvent("c", "text-delta")]);
    leaving.send({ type: "chat.unsubscribe", conversationId: "c" });
    await leaving.barrier();
    orchestrator.say("c", "one");
    orchestrator.end("c");
    await staying.nextEvent("c", "turn-sealed");
    await leaving.barrier();
    assert.is(leaving.transcript("c").text, "both ");
    assert.is(staying.transcript("c").text, "both one");
    assert.equal(orchestrator.given("stopTurn"), []);
  }));

test("chat.unsubscribe without a subscription is harmless and has no reply", () =>
  withHost({}, async ({ join }) => {
    const client = await join();
    for (const id of ["never", "never"]) client.send({ type: "chat.unsubscribe", conversationId: id });
    await client.barrier();
    assert.equal(client.unread(), []);
  }));

test("one socket watches two conversations, each in its own order (1.5.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    for (const id of ["a", "b"]) client.send({ type: "chat.send", conversationId: id, message: id });
    await client.barrier();
    for (let turn = 0; turn < 200; turn++) {
      orchestrator.say("a", `a${turn} `);
      orchestrator.say("b", `b${turn} `);
    }
    orchestrator.end("a");
    orchestrator.end("b");
    await Promise.all([client.nextEvent("a", "turn-sealed"), client.nextEvent("b", "turn-sealed")]);
    for (const id of ["a", "b"]) {
      const expected = Array.from({ length: 200 }, (_, turn) => `${id}${turn} `).join("");
      assert.is(client.transcript(id).text, expected);
    }
    client.send({ type: "chat.unsubscribe", conversationId: "a" });
    await client.barrier();
    orchestrator.begin("a");
    orchestrator.begin("b");
    orchestrator.say("a", "unheard");
    orchestrator.say("b", "heard");
    await client.nextEvent("b", { type: "text-delta", delta: "heard" });
    await client.barrier();
    assert.not.match(client.transcript("a").text, "unheard");
  }));

test("the gateway subscribes once per conversation, until no client watches and no turn runs", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const clients = await Promise.all([join(), join(), join()]);
    for (const client of clients) client.send({ type: "chat.subscribe", conversationId: "c" });
    await Promise.all(clients.map((client) => client.barrier()));
    assert.is(orchestrator.subscriptions("c"), 1);
    const [first, ...others] = clients;
    first?.send({ type: "chat.send", conversationId: "c", message: "x" });
    for (const client of others) client.send({ type: "chat.unsubscribe", conversationId: "c" });
    await Promise.all(clients.map((client) => client.barrier()));
    first?.send({ type: "chat.unsubscribe", conversationId: "c" });
    await first?.barrier();
    assert.is(orchestrator.subscriptions("c"), 1, "a turn runs");
    orchestrator.say("c", "unseen");
    orchestrator.end("c");
    await first?.barrier();
    assert.is(orchestrator.subscriptions("c"), 0);
    assert.is(orchestrator.given("subscribe").length, 1);
  }));

// ── chat.queue, chat.queue.cancel ─────────────────────────────────────────────────────────────────────────────────

test("chat.queue without a running turn starts one and subscribes the sender (1.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    client.send({ type: "chat.queue", conversationId: "c", text: "  steer  ", workspaceId: "w" });
    await client.barrier();
    assert.equal(client.unread(), []);
    assert.equal(orchestrator.given("enqueue"), [{ conversationId: "c", text: "  steer  ", workspaceId: "w" }]);
    orchestrator.emit("c", { type: "user-message", text: "steer" });
    orchestrator.say("c", "right");
    orchestrator.end("c");
    await client.nextEvent("c", "turn-sealed");
    assert.is(client.transcript("c").text, "right");
  }));

test("chat.queue subscribes before it starts the turn, so the sender misses no event of a short turn", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    orchestrator.onStart = (id) => {
      orchestrator.say(id, "all at once");
      orchestrator.end(id);
    };
    client.send({ type: "chat.queue", conversationId: "c", text: "x" });
    await client.nextEvent("c", "turn-sealed");
    assert.is(client.transcript("c").text, "all at once");
    // If the port reports only afterwards that a turn was started, the running turn is replayed.
    orchestrator.onStart = undefined;
    orchestrator.instead.isActive = () => true;
    client.send({ type: "chat.queue", conversationId: "d", text: "x" });
    await client.barrier();
    orchestrator.say("d", "joined late");
    await client.nextEvent("d", "text-delta");
    delete orchestrator.instead.isActive;
  }));

test("chat.queue during a turn sends no reply and does not subscribe the sender (1.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const [owner, other] = [await join(), await join()];
    owner.send({ type: "chat.send", conversationId: "c", message: "x" });
    await owner.barrier();
    other.send({ type: "chat.queue", conversationId: "c", text: "wait" });
    owner.send({ type: "chat.queue", conversationId: "c", text: "wait too", workspaceId: null });
    await Promise.all([other.barrier(), owner.barrier()]);
    assert.equal(
      orchestrator.queues.get("c")?.map((message) => message.text),
      ["wait", "wait too"],
    );
    orchestrator.say("c", "x");
    orchestrator.end("c");
    await owner.nextEvent("c", "turn-sealed");
    await other.barrier();
    assert.equal(other.unread(), []);
    assert.is(owner.transcript("c").text, "x", "an existing watcher stays subscribed");
  }));

test("chat.queue.cancel withdraws one text without a reply, and is harmless when the text is gone (1.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    client.send({ type: "chat.send", conversationId: "c", message: "x" });
    for (const text of ["one", "two"]) client.send({ type: "chat.queue", conversationId: "c", text });
    for (let times = 0; times < 2; times++)
      client.send({ type: "chat.queue.cancel", conversationId: "c", messageId: "message-1" });
    client.send({ type: "chat.queue.cancel", conversationId: "elsewhere", messageId: "none" });
    await client.barrier();
    assert.equal(
      orchestrator.queues.get("c")?.map((message) => message.text),
      ["two"],
    );
    assert.equal(client.unread(), []);
  }));

// ── chat.cancel ───────────────────────────────────────────────────────────────────────────────────────────────────

test("chat.cancel stops the running turn from any socket, even before its first token (2)", () =>
  withHost({}, async ({ join }) => {
    const [owner, stranger] = [await join(), await join()];
    owner.send({ type: "chat.send", conversationId: "c", message: "x" });
    await owner.barrier();
    stranger.send({ type: "chat.cancel", conversationId: "c" });
    await owner.nextEvent("c", "turn-sealed");
    assert.is(owner.transcript("c").turns[0]?.reason, "aborted");
    await stranger.barrier();
    assert.equal(stranger.unread(), []);
  }));

test("chat.cancel with a turnId stops only that turn (2)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const [owner, stranger] = [await join(), await join()];
    owner.send({ type: "chat.send", conversationId: "c", message: "x" });
    await owner.barrier();
    orchestrator.say("c", "partial");
    const { turnId } = await owner.nextEvent("c", "text-delta");
    stranger.send({ type: "chat.cancel", conversationId: "c", turnId: "another" });
    stranger.send({ type: "chat.cancel", conversationId: "other", turnId });
    await stranger.barrier();
    assert.equal(orchestrator.given("stopTurn"), []);
    assert.ok(orchestrator.running.has("c"));
    stranger.send({ type: "chat.cancel", conversationId: "c", turnId });
    await owner.nextEvent("c", "turn-sealed");
    assert.is(owner.transcript("c").turns[0]?.reason, "aborted");
    stranger.send({ type: "chat.cancel", conversationId: "c", turnId });
    await stranger.barrier();
    assert.is(orchestrator.given("stopTurn").length, 1);
  }));

test("chat.cancel finds a turn by its id even if no client on this server watches it (2)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const turnId = orchestrator.begin("c");
    orchestrator.emit("c", { type: "turn-start" });
    const client = await join();
    client.send({ type: "chat.cancel", conversationId: "c", turnId: "another" });
    await client.barrier();
    assert.ok(orchestrator.running.has("c"));
    client.send({ type: "chat.cancel", conversationId: "c", turnId });
    await client.barrier();
    assert.not.ok(orchestrator.running.has("c"));
    assert.is(orchestrator.subscriptions("c"), 0);
    assert.equal(client.unread(), []);
  }));

test("chat.cancel without a running turn has no effect and no reply (2)", () =>
  withHost({}, async ({ join }) => {
    const client = await join();
    client.send({ type: "chat.cancel", conversationId: "c" });
    client.send({ type: "chat.cancel", conversationId: "c", turnId: null });
    await client.barrier();
    assert.equal(client.unread(), []);
  }));

test.run();

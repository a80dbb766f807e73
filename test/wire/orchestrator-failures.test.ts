// An orchestrator that violates its contract in every way affects only the one request, never the process or another
// socket.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Client } from "../support/client.ts";
import { type Fixture, withHost } from "../support/gateway.ts";
import type { ScriptedOrchestrator } from "../support/scripted-orchestrator.ts";

const test = suite("wire: orchestrators that fail");

const wordless: unknown = Object.create(null);

function thrown(error: unknown): never {
  throw error;
}

/** Proves that this socket still gets a whole turn of another conversation. */
async function provesWell(client: Client, orchestrator: ScriptedOrchestrator, name: string): Promise<void> {
  client.send({ type: "chat.send", conversationId: name, message: "x" });
  await client.barrier();
  orchestrator.say(name, "all ", "is ", "well");
  orchestrator.end(name);
  await client.nextEvent(name, "turn-sealed");
  assert.is(client.transcript(name).text, "all is well");
}

const throws: [name: string, call: () => unknown, reason: RegExp][] = [
  ["an Error", () => thrown(new Error("no turns today")), /^no turns today$/],
  ["a string", () => thrown("just words"), /^just words$/],
  ["undefined", () => thrown(undefined), /undefined/],
  ["an object without a message", () => thrown(wordless), /./],
];

for (const [name, call, reason] of throws) {
  test(`an orchestrator that throws ${name} from every call causes a refusal with the reason`, () =>
    withHost({}, async ({ orchestrator, join }) => {
      const [client, other] = [await join(), await join()];
      const usual = { ...orchestrator.instead };
      const broken = { startTurn: call, enqueue: call, stopTurn: call, isActive: call, cancelQueuedMessage: call };
      Object.assign(orchestrator.instead, broken);
      client.send({ type: "chat.send", conversationId: "c", message: "x" });
      const sent = await client.next("chat.error");
      assert.is(sent["conversationId"], "c");
      assert.match(String(sent["message"]), reason);
      client.send({ type: "chat.queue", conversationId: "c", text: "x" });
      assert.match(String((await client.next("chat.error"))["message"]), reason);
      client.send({ type: "chat.cancel", conversationId: "c" });
      client.send({ type: "chat.queue.cancel", conversationId: "c", messageId: "m" });
      await client.barrier();
      assert.equal(client.unread(), []);
      orchestrator.instead.subscribe = call;
      client.send({ type: "chat.subscribe", conversationId: "d" });
      const refused = await client.next("chat.error");
      assert.is(refused["conversationId"], "d");
      assert.is(refused["message"], "this conversation cannot be watched now, try again");
      client.send({ type: "chat.cancel", conversationId: "d", turnId: "t" });
      await client.barrier();
      for (const key of Object.keys(orchestrator.instead)) Reflect.deleteProperty(orchestrator.instead, key);
      Object.assign(orchestrator.instead, usual);
      await provesWell(client, orchestrator, "d");
      await provesWell(other, orchestrator, "e");
    }));
}

const nonsense: [name: string, answer: () => unknown][] = [
  ["null", () => null],
  ["undefined", () => undefined],
  ["a number", () => 5],
  ["a string", () => "started"],
  ["an empty object", () => ({})],
  ["an array", () => []],
  ["a turn without an id", () => ({ started: true })],
  ["a turn with a number for an id", () => ({ started: true, turnId: 5, startedTurn: "yes", reason: 7 })],
  ["a promise", () => Promise.resolve({ started: true, turnId: "t" })],
  ["a promise that rejects", () => Promise.reject(new Error("asynchronous"))],
  ["getters that throw", () => Object.defineProperties({}, throwingGetters)],
];

const throwingGetters: PropertyDescriptorMap = Object.fromEntries(
  ["started", "startedTurn", "reason", "turnId", "cancelled", "abortedTurn"].map((name) => [
    name,
    { get: () => thrown(new Error("a getter throws")) },
  ]),
);

for (const [name, answer] of nonsense) {
  test(`an orchestrator that answers ${name} causes a refusal`, () =>
    withHost({}, async ({ orchestrator, join }) => {
      const [client, other] = [await join(), await join()];
      for (const call of ["startTurn", "enqueue", "stopTurn", "isActive", "cancelQueuedMessage"] as const)
        orchestrator.instead[call] = answer;
      client.send({ type: "chat.send", conversationId: "c", message: "x" });
      client.send({ type: "chat.queue", conversationId: "c", text: "x" });
      for (const _ of ["chat.send", "chat.queue"]) {
        const refusal = await client.next("chat.error");
        assert.is(refusal["conversationId"], "c");
        assert.ok(String(refusal["message"]).length > 0);
      }
      client.send({ type: "chat.cancel", conversationId: "c" });
      client.send({ type: "chat.queue.cancel", conversationId: "c", messageId: "m" });
      await client.barrier();
      assert.equal(client.unread(), []);
      for (const key of Object.keys(orchestrator.instead)) Reflect.deleteProperty(orchestrator.instead, key);
      await provesWell(client, orchestrator, "c");
      await provesWell(other, orchestrator, "e");
    }));
}

test("a subscribe with an invalid answer still delivers events, and none after the last client has unsubscribed", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    const answers: (() => unknown)[] = [
      () => null,
      () => 5,
      () => ({}),
      () => Promise.resolve(() => {}),
      () => Promise.reject(new Error("asynchronous")),
    ];
    for (const [index, answer] of answers.entries()) {
      const id = `c${index}`;
      let listener: ((event: unknown) => void) | undefined;
      orchestrator.instead.subscribe = (given: { listener: (event: unknown) => void }) => {
        listener = given.listener;
        return answer();
      };
      client.send({ type: "chat.subscribe", conversationId: id });
      await client.barrier();
      listener?.({ type: "text-delta", conversationId: id, turnId: "t", delta: "heard" });
      await client.nextEvent(id, "text-delta");
      client.send({ type: "chat.unsubscribe", conversationId: id });
      await client.barrier();
      listener?.({ type: "text-delta", conversationId: id, turnId: "t", delta: "unheard" });
      await client.barrier();
      assert.is(client.transcript(id).text, "heard");
    }
  }));

test("an unsubscribe that throws or rejects has no effect", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    const leaves = [() => thrown(wordless), () => Promise.reject(new Error("asynchronous"))];
    for (const leave of leaves) {
      orchestrator.instead.subscribe = () => leave;
      client.send({ type: "chat.subscribe", conversationId: "c" });
      client.send({ type: "chat.unsubscribe", conversationId: "c" });
      await client.barrier();
    }
    delete orchestrator.instead.subscribe;
    await provesWell(client, orchestrator, "d");
  }));

test("events for a listener that was unsubscribed are ignored", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    const listeners: ((event: unknown) => void)[] = [];
    orchestrator.instead.subscribe = (given: { conversationId: string; listener: (event: unknown) => void }) => {
      listeners.push(given.listener);
      return orchestrator.listen(given.conversationId, given.listener);
    };
    client.send({ type: "chat.subscribe", conversationId: "c" });
    client.send({ type: "chat.unsubscribe", conversationId: "c" });
    client.send({ type: "chat.subscribe", conversationId: "c" });
    await client.barrier();
    assert.is(listeners.length, 2);
    listeners[0]?.({ type: "text-delta", conversationId: "c", turnId: "t", delta: "from the grave" });
    listeners[1]?.({ type: "text-delta", conversationId: "c", turnId: "t", delta: "alive" });
    await client.nextEvent("c", "text-delta");
    assert.is(client.transcript("c").text, "alive");
  }));

test("after a subscribe that replays and then fails, the next subscribe delivers each event once", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    orchestrator.begin("c");
    orchestrator.say("c", "one ", "two ");
    orchestrator.instead.subscribe = (given: { conversationId: string; listener: (event: unknown) => void }) => {
      orchestrator.listen(given.conversationId, given.listener)();
      throw new Error("on second thought");
    };
    client.send({ type: "chat.subscribe", conversationId: "c" });
    await client.next("chat.error");
    delete orchestrator.instead.subscribe;
    client.send({ type: "chat.subscribe", conversationId: "c" });
    await client.barrier();
    orchestrator.say("c", "three");
    orchestrator.end("c");
    await client.nextEvent("c", "turn-sealed");
    assert.is(client.transcript("c").text, "one two three");
  }));

const cyclic: Record<string, unknown> = { type: "tool-call" };
cyclic["input"] = cyclic;

/** Values that are not events, or events that JSON cannot encode. */
const badEvents: [name: string, event: unknown][] = [
  ["null", null],
  ["undefined", undefined],
  ["a string", "text-delta"],
  ["a function", Object.assign(() => {}, { type: "text-delta" })],
  ["an array", Object.assign([], { type: "text-delta" })],
  ["an object without a type", { conversationId: "c", turnId: "t", delta: "x" }],
  ["a type that is a number", { type: 5 }],
  ["a BigInt", { type: "usage", turnId: "t", usage: { inputTokens: 5n } }],
  ["a cycle", cyclic],
  ["a toJSON that throws", { type: "x", toJSON: () => thrown(new Error("not me")) }],
  ["a toJSON without a result", { type: "x", toJSON: () => undefined }],
  ["a toJSON that becomes a string", { type: "x", toJSON: () => "a string" }],
  ["a getter that throws", Object.defineProperty({ type: "x" }, "y", throwingGetter())],
  ["a type that throws", Object.defineProperty({}, "type", throwingGetter())],
];

function throwingGetter(): PropertyDescriptor {
  return { enumerable: true, get: () => thrown(new Error("a getter throws")) };
}

test("an event without a type, or that JSON cannot encode, is left out; the others are numbered without gaps", () =>
  withHost({}, async ({ orchestrator, join, host }) => {
    const [client, other] = [await join(), await join()];
    client.send({ type: "chat.send", conversationId: "c", message: "x" });
    other.send({ type: "chat.subscribe", conversationId: "c" });
    await Promise.all([client.barrier(), other.barrier()]);
    for (const [name, event] of badEvents) {
      orchestrator.say("c", `before ${name}, `);
      assert.not.throws(() => orchestrator.emitRaw("c", event), name);
    }
    orchestrator.end("c");
    const expected = badEvents.map(([name]) => `before ${name}, `).join("");
    for (const one of [client, other]) {
      await one.nextEvent("c", "turn-sealed");
      const { text, cursor } = one.transcript("c");
      assert.is(text, expected);
      assert.is(cursor?.seq, badEvents.length + 2);
    }
    assert.is(host.lines.filter((line) => line.level === "warn").length, badEvents.length);
  }));

test("an event without a turnId between turns is passed on and leaves no turn running", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const [client, late] = [await join(), await join()];
    client.send({ type: "chat.subscribe", conversationId: "c" });
    await client.barrier();
    orchestrator.emitRaw("c", { type: "host.titled", conversationId: "c", title: "t" });
    const message = await client.next("chat.delta");
    assert.equal(message["event"], { type: "host.titled", conversationId: "c", title: "t" });
    late.send({ type: "chat.subscribe", conversationId: "c" });
    await late.barrier();
    for (const one of [client, late]) {
      one.send({ type: "chat.unsubscribe", conversationId: "c" });
      await one.barrier();
    }
    assert.is(orchestrator.subscriptions("c"), 0);
    assert.equal(late.unread(), [], "without a running turn nothing is replayed (1.1)");
  }));

test("huge events reach all clients whole, split or cut with a note, and disconnect none of them", () =>
  withHost({}, async ({ orchestrator, join, host }) => {
    const clients = [await join(), await join()];
    for (const client of clients) client.send({ type: "chat.subscribe", conversationId: "c" });
    await Promise.all(clients.map((client) => client.barrier()));
    orchestrator.begin("c");
    const huge = "word and 😀 ".repeat(300_000);
    orchestrator.say("c", huge);
    orchestrator.emit(
      "c",
      { type: "tool-output", toolCallId: "k", data: huge.slice(0, 500_000), stream: "stdout" },
      { type: "tool-result", stepId: "s", toolCallId: "k", toolName: "t", content: huge, isError: false },
    );
    orchestrator.emitRaw("c", { type: "host.dump", conversationId: "c", turnId: "x", dump: "x".repeat(20_000_000) });
    orchestrator.end("c");
    for (const client of clients) {
      await client.nextEvent("c", "turn-sealed");
      const { text, events } = client.transcript("c");
      assert.is(text.length, huge.length);
      assert.ok(text === huge);
      const output = events.filter((event) => event.type === "tool-output").map((event) => event["data"]);
      assert.ok(output.join("") === huge.slice(0, 500_000));
      const result = String(events.find((event) => event.type === "tool-result")?.["content"]);
      assert.ok(result.length < 1_100_000);
      assert.match(result.slice(-100), /\[cut: the first \d+ of \d+ characters\]$/);
      assert.not.ok(events.some((event) => event.type === "host.dump"));
      await client.barrier();
    }
    assert.is(host.said("orchestrator: an event was dropped").length, 1);
  }));

test("a turn that exceeds its log ends with `turn-too-large` for all clients, and the orchestrator must stop it", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const clients = [await join(), await join()];
    for (const client of clients) client.send({ type: "chat.subscribe", conversationId: "c" });
    await Promise.all(clients.map((client) => client.barrier()));
    orchestrator.begin("c");
    const piece = "x".repeat(60_000);
    for (let times = 0; times < 160; times++) orchestrator.say("c", piece);
    for (const client of clients) {
      await client.nextEvent("c", "turn-sealed");
      const [turn] = client.transcript("c").turns;
      assert.is(turn?.events.find((event) => event.type === "error")?.["code"], "turn-too-large");
      assert.is(turn?.reason, "aborted");
    }
    assert.equal(orchestrator.given("stopTurn"), ["c"]);
    for (const client of clients) await client.barrier();
  }));

test("an orchestrator may call back synchronously inside every call", () =>
  withHost({}, async ({ orchestrator, join }: Fixture) => {
    const client = await join();
    // Everything happens inside the calls: replay inside subscribe, a whole turn inside startTurn, another inside
    // stopTurn.
    orchestrator.onStart = (id) => {
      orchestrator.say(id, "in ");
      orchestrator.say(id, "startTurn, ");
    };
    orchestrator.instead.stopTurn = (id: string) => {
      orchestrator.say(id, "in stopTurn");
      orchestrator.end(id, "aborted");
      return { abortedTurn: true };
    };
    client.send({ type: "chat.send", conversationId: "c", message: "x" });
    client.send({ type: "chat.cancel", conversationId: "c" });
    await client.nextEvent("c", "turn-sealed");
    assert.is(client.transcript("c").text, "in startTurn, in stopTurn");
    client.send({ type: "chat.queue", conversationId: "d", text: "x" });
    client.send({ type: "chat.cancel", conversationId: "d" });
    await client.nextEvent("d", "turn-sealed");
    assert.is(client.transcript("d").text, "in startTurn, in stopTurn");
  }));

test.run();

// Whatever an agent does, its turn ends with exactly one `done` and then exactly one `turn-sealed`.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Limits, limits } from "../../src/limits.ts";
import type { Agent } from "../../src/ports/agent.ts";
import type { TurnEvent } from "../../src/protocol/turn-event.ts";
import { agentOf, type Fixture, found, openFixture, Puppet, settle } from "../support/orchestrator-fixture.ts";

const test = suite("the orchestrator and its agents");

interface Outcome {
  events: TurnEvent[];
  types: string[];
  fixture: Fixture;
}

const delta = { type: "text-delta", delta: "partial" } as const;

/** Runs one turn with this agent to its end. */
async function turnWith(agent: Agent, limits: Partial<Limits> = {}): Promise<Outcome> {
  const fixture = openFixture({ agents: [agent], limits });
  const { events, types } = fixture.watch("c");
  assert.ok(fixture.orchestrator.startTurn({ conversationId: "c", text: "go" }).started);
  await settle(fixture.clock);
  const ends = types().filter((type) => type === "done" || type === "turn-sealed");
  assert.equal(ends, ["done", "turn-sealed"], types().join(", "));
  assert.equal(types().slice(-2), ends);
  assert.equal(fixture.store.unsealedTurns(), []);
  assert.is(fixture.clock.pending, 0);
  assert.not.ok(fixture.orchestrator.isActive("c"));
  return { events, types: types(), fixture };
}

const errorIn = ({ events }: Outcome) => events.find((event) => event.type === "error");
const reasonIn = ({ events }: Outcome) => events.find((event) => event.type === "done")?.reason;
/** An agent whose values do not match their types. */
const nonsense = (run: (...args: never[]) => unknown): Agent => agentOf(run as Agent["run"]);

test("an agent that throws before its first event ends the turn with its error", async () => {
  const thrown = Object.assign(new Error("no credit left"), { code: "quota" });
  const outcome = await turnWith(
    nonsense(() => {
      throw thrown;
    }),
  );
  assert.is(reasonIn(outcome), "error");
  assert.equal([errorIn(outcome)?.message, errorIn(outcome)?.code], ["no credit left", "quota"]);
  assert.equal(
    outcome.fixture.store.chunks("c").map(({ role, chunk }) => [role, chunk]),
    [
      ["user", { type: "text", text: "go" }],
      ["assistant", { type: "error", message: "no credit left", code: "quota" }],
    ],
  );
});

test("if an agent throws in mid-answer, the text so far is kept", async () => {
  const outcome = await turnWith(
    agentOf(async function* () {
      yield delta;
      throw new Error("connection lost");
    }),
  );
  assert.equal(outcome.types, ["user-message", "turn-start", "text-delta", "error", "done", "turn-sealed"]);
  assert.equal(
    outcome.fixture.store.chunks("c").map(({ chunk }) => chunk),
    [
      { type: "text", text: "go" },
      { type: "text", text: "partial" },
      { type: "error", message: "connection lost" },
    ],
  );
});

test("an agent may throw any value, and no client gets a stack trace", async () => {
  const thrown: [unknown, string][] = [
    ["just words", "just words"],
    [undefined, "the agent failed without saying why"],
    [{ message: "an object" }, "the agent failed without saying why"],
    [new Error(""), "the agent failed without saying why"],
    [Object.assign(new Error("x".repeat(10_000)), { code: 7 }), "x".repeat(4_096)],
  ];
  for (const [value, message] of thrown) {
    const puppet = new Puppet();
    puppet.fail(value);
    const outcome = await turnWith(puppet.agent);
    const { conversationId: _c, turnId: _t, ...error } = found(errorIn(outcome));
    assert.equal(error, { type: "error", message });
  }
});

test("an agent that returns an invalid result has still finished", async () => {
  for (const result of [undefined, null, 7, "stop", {}, { reason: "whatever", contextSize: Number.NaN }]) {
    const outcome = await turnWith(
      nonsense(async function* () {
        yield delta;
        return result;
      }),
    );
    assert.is(reasonIn(outcome), "stop");
    assert.not.ok("contextSize" in (outcome.events.find(({ type }) => type === "done") ?? {}));
  }
});

test("an agent that does not return a generator ends the turn with an error", async () => {
  for (const run of [
    () => undefined,
    () => 7,
    () => ({ next: () => undefined }),
    () => ({ next: () => ({ done: "?" }) }),
  ]) {
    const outcome = await turnWith(nonsense(run), { agentEventsPerLoopTurn: 1 });
    assert.ok(["error", "stop"].includes(reasonIn(outcome) ?? ""));
  }
});

test("a value that is not an event of the port is dropped with one warning, and the turn goes on", async () => {
  const junk = [
    undefined,
    null,
    7,
    "text",
    [],
    {},
    { type: 7 },
    { type: "unheard-of" },
    { type: "toString" },
    { type: "done", reason: "stop" },
    { type: "turn-sealed", latestSeq: 0 },
    { type: "user-message", text: "forged" },
    { type: "error", message: "forged" },
    { type: "text-delta" },
    { type: "text-delta", delta: 7 },
    { type: "text-delta", delta: "" },
    { type: "tool-call", stepId: "s", toolCallId: 7, toolName: "t", input: {} },
    { type: "tool-result", stepId: "s", toolCallId: "a", toolName: "t", content: {}, isError: false },
    { type: "tool-output", toolCallId: "a", data: "x", stream: "stdin" },
    { type: "usage", usage: { inputTokens: Number.POSITIVE_INFINITY, outputTokens: -1 } },
    { type: "usage", usage: null },
    { type: "step-complete" },
    { type: "steering", text: "forged" },
    { type: "provider-retry", attempt: "0", delayMs: 1, message: "m" },
  ];
  const puppet = new Puppet();
  puppet.say(...junk, delta);
  puppet.finish();
  const outcome = await turnWith(puppet.agent);
  assert.equal(outcome.types, ["user-message", "turn-start", "text-delta", "done", "turn-sealed"]);
  assert.is(reasonIn(outcome), "stop");
  assert.is(outcome.fixture.lines.filter(({ message }) => message.includes("dropped")).length, 1);
});

test("an event with a throwing getter counts as a failure of the agent", async () => {
  const puppet = new Puppet();
  puppet.say({
    get type() {
      throw new Error("a getter");
    },
  });
  const outcome = await turnWith(puppet.agent);
  assert.is(errorIn(outcome)?.message, "a getter");
});

test("only the fields of the port are sent, without null or undefined values", async () => {
  const puppet = new Puppet();
  const ids = { stepId: "s", toolCallId: "t", toolName: "clock" };
  puppet.say(
    { type: "tool-call", ...ids, input: undefined, secret: "key" },
    { type: "tool-result", ...ids, content: "noon", isError: false, durationMs: undefined },
    { type: "provider-retry", attempt: 0, delayMs: 5, message: "m".repeat(9_000), code: null },
    { type: "usage", stepId: null, usage: { inputTokens: 1, outputTokens: 2, cacheReadTokens: null, cost: 3 } },
    { type: "step-complete", stepId: "s", ttftMs: undefined },
  );
  puppet.finish();
  const { events } = await turnWith(puppet.agent);
  const bodies = events.slice(2, 7).map(({ conversationId: _c, turnId: _t, ...body }) => body);
  assert.equal(bodies, [
    { type: "tool-call", ...ids, input: null },
    { type: "tool-result", ...ids, content: "noon", isError: false },
    { type: "provider-retry", attempt: 0, delayMs: 5, message: "m".repeat(4_096) },
    { type: "usage", usage: { inputTokens: 1, outputTokens: 2 } },
    { type: "step-complete", stepId: "s" },
  ]);
});

test("an input that JSON cannot encode is replaced by a note, and a later change of an input is ignored", async () => {
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  const input = { city: "Berlin" };
  const ids = { stepId: "s", toolName: "t" };
  const puppet = new Puppet();
  puppet.say({ type: "tool-call", ...ids, toolCallId: "a", input: circular });
  puppet.say(
    { type: "tool-call", ...ids, toolCallId: "b", input: 1n },
    { type: "tool-call", ...ids, toolCallId: "c", input },
  );
  const fixture = openFixture({ agents: [puppet.agent] });
  const { events } = fixture.watch("c");
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  await settle(fixture.clock);
  input.city = "Paris";
  const inputs = events.flatMap((event) => (event.type === "tool-call" ? [event.input] : []));
  const note = { unreadable: "the input could not be written as JSON" };
  assert.equal(inputs, [note, note, { city: "Berlin" }]);
  fixture.close();
});

test("no event exceeds the maximum size: text is split, results are cut, inputs are left out", async () => {
  const limits = { eventBytesMax: 16_384, deltaCharactersMax: 4_096 };
  const text = "🙂".repeat(5_000);
  const ids = { stepId: "s", toolCallId: "t", toolName: "clock" };
  const puppet = new Puppet();
  puppet.say(
    { type: "text-delta", delta: text },
    { type: "reasoning-delta", delta: `a${text}` },
    { type: "tool-call", ...ids, input: { text } },
    { type: "tool-output", toolCallId: "t", data: text, stream: "stderr" },
    { type: "tool-result", ...ids, content: text, isError: true },
  );
  puppet.finish();
  const { events, fixture } = await turnWith(puppet.agent, limits);
  for (const event of events) assert.ok(Buffer.byteLength(JSON.stringify(event)) <= limits.eventBytesMax, event.type);
  const joined = (type: string) =>
    events.map((event) => (event.type === type && "delta" in event ? event.delta : "")).join("");
  assert.is(joined("text-delta"), text);
  assert.is(joined("reasoning-delta"), `a${text}`);
  assert.ok(events.every((event) => !("delta" in event) || event.delta.isWellFormed()));
  assert.is(events.map((event) => (event.type === "tool-output" ? event.data : "")).join(""), text);
  const result = events.find((event) => event.type === "tool-result");
  assert.match(result?.content ?? "", /^🙂.*\n\[cut: the first \d+ of 10000 characters\]$/su);
  const call = events.find((event) => event.type === "tool-call");
  assert.equal(call?.input, { cut: `the input had ${JSON.stringify({ text }).length} characters` });
  assert.is(fixture.store.chunks("c").at(-1)?.role, "tool");
});

test("a turn that exceeds its log ends with turn-too-large, and the text so far is kept", async () => {
  let stopped = false;
  const talker = agentOf(async function* () {
    try {
      for (;;) yield { type: "text-delta", delta: "x".repeat(1_000) };
    } finally {
      stopped = true;
    }
  });
  const outcome = await turnWith(talker, { turnLogBytesMax: 20_000 });
  assert.is(reasonIn(outcome), "error");
  assert.is(errorIn(outcome)?.code, "turn-too-large");
  assert.ok(stopped);
  const text = outcome.events.map((event) => (event.type === "text-delta" ? event.delta : "")).join("");
  assert.ok(text.length > 15_000 && text.length < 20_000);
  assert.equal(outcome.fixture.store.chunks("c")[1]?.chunk, { type: "text", text });
});

test("the question counts towards the turn's log size, as it does in the gateway", async () => {
  const talker = agentOf(async function* () {
    for (;;) yield { type: "text-delta", delta: "x".repeat(1_000) };
  });
  const fixture = openFixture({ agents: [talker], limits: { turnLogBytesMax: 20_000 } });
  const { events } = fixture.watch("c");
  fixture.orchestrator.startTurn({ conversationId: "c", text: "?".repeat(10_000) });
  await settle(fixture.clock);
  const text = events.map((event) => (event.type === "text-delta" ? event.delta : "")).join("");
  assert.ok(text.length > 5_000 && text.length < 10_000, `${text.length}`);
});

test("many small events fill the log too", async () => {
  const talker = agentOf(async function* () {
    for (let attempt = 0; ; attempt++) yield { type: "provider-retry", attempt, delayMs: 0, message: "busy" };
  });
  const outcome = await turnWith(talker, { turnLogBytesMax: 100_000 });
  assert.is(errorIn(outcome)?.code, "turn-too-large");
});

test("events and errors of a cancelled agent are ignored", async () => {
  const agent = agentOf(async function* ({ signal }) {
    yield delta;
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    yield { type: "text-delta", delta: "too late" };
    throw new Error("and offended");
  });
  const fixture = openFixture({ agents: [agent] });
  const { events, types } = fixture.watch("c");
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  await settle(fixture.clock);
  assert.ok(fixture.orchestrator.stopTurn("c").abortedTurn);
  await settle(fixture.clock);
  assert.equal(types(), ["user-message", "turn-start", "text-delta", "done", "turn-sealed"]);
  assert.is(events.find((event) => event.type === "done")?.reason, "aborted");
  assert.is(fixture.store.latestSeq("c"), 2);
  assert.is(fixture.clock.pending, 0);
});

test("an agent that ignores its abort is abandoned after 5 s, and does not affect the next turn", async () => {
  const puppet = new Puppet({ heedsAbort: false });
  const fixture = openFixture({ agents: [puppet.agent] });
  const { types } = fixture.watch("c");
  fixture.orchestrator.startTurn({ conversationId: "c", text: "one" });
  await settle(fixture.clock);
  fixture.orchestrator.stopTurn("c");
  fixture.clock.advance(4_999);
  assert.is(types().at(-1), "done");
  fixture.clock.advance(1);
  await settle(fixture.clock);
  assert.is(types().at(-1), "turn-sealed");
  assert.ok(fixture.lines.some(({ message }) => message.includes("was abandoned")));

  fixture.orchestrator.startTurn({ conversationId: "c", text: "two" });
  await settle(fixture.clock);
  fixture.orchestrator.stopTurn("c");
  // The wait for the second turn's agent ends after 5 s as well.
  const before = types().length;
  fixture.clock.advance(5_000);
  await settle(fixture.clock);
  assert.equal(types().slice(before), ["turn-sealed"]);
  fixture.close();
  assert.is(fixture.clock.pending, 0);
});

test("an abandoned agent that ends while the next turn stops does not seal that turn", async () => {
  const ends: (() => void)[] = [];
  const agent = agentOf(async function* () {
    yield delta;
    await new Promise<void>((resolve) => ends.push(resolve));
    return { reason: "stop" };
  });
  const fixture = openFixture({ agents: [agent] });
  const { types } = fixture.watch("c");
  fixture.orchestrator.startTurn({ conversationId: "c", text: "one" });
  await settle(fixture.clock);
  fixture.orchestrator.stopTurn("c");
  fixture.clock.advance(5_000);
  fixture.orchestrator.startTurn({ conversationId: "c", text: "two" });
  await settle(fixture.clock);
  fixture.orchestrator.stopTurn("c");
  ends[0]?.();
  await settle(fixture.clock);
  assert.is(types().at(-1), "done");
  ends[1]?.();
  await settle(fixture.clock);
  assert.is(types().at(-1), "turn-sealed");
  assert.is(fixture.clock.pending, 0);
});

test("a turn that exceeds its time limit is aborted", async () => {
  const puppet = new Puppet();
  const fixture = openFixture({ agents: [puppet.agent], limits: { turnMs: 60_000 } });
  const { events } = fixture.watch("c");
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  await settle(fixture.clock);
  fixture.clock.advance(60_000 + limits.turnCheckMs);
  await settle(fixture.clock);
  assert.equal([...fixture.turnEnds], [["overtime", 1]]);
  assert.equal(
    events.slice(-2).map((event) => ("reason" in event ? event.reason : event.type)),
    ["aborted", "turn-sealed"],
  );
  assert.is(fixture.clock.pending, 0);
});

test.run();

// The guarded orchestrator port: if the orchestrator throws, rejects, returns invalid values or calls back at the wrong
// time, only one request is affected.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { errorMessage } from "../../src/ports/guard.ts";
import { GuardedOrchestrator } from "../../src/ports/guarded-orchestrator.ts";
import { tolerantLogger } from "../../src/ports/logger.ts";
import { within } from "../support/deadline.ts";
import { FakeHost } from "../support/host.ts";
import { asPort, ScriptedOrchestrator } from "../support/scripted-orchestrator.ts";

const test = suite("guarded orchestrator");

const request = { conversationId: "c", text: "hello" };

function open() {
  const orchestrator = new ScriptedOrchestrator();
  const host = new FakeHost();
  const guarded = new GuardedOrchestrator(asPort(orchestrator), tolerantLogger(host.logger));
  return { orchestrator, guarded, host };
}

const throwing = () => {
  throw new Error("it broke");
};
const nonsense: unknown[] = [
  undefined,
  null,
  5,
  "started",
  [],
  {},
  { started: true },
  { started: 1, turnId: "t" },
  () => {},
];

test("valid answers are passed on unchanged", () => {
  const { orchestrator, guarded } = open();
  assert.equal(guarded.startTurn(request), { started: true, turnId: "turn-1" });
  assert.is(guarded.isActive("c"), true);
  assert.equal(guarded.startTurn(request), { started: false, reason: "already-active", message: undefined });
  const queued = guarded.enqueue(request);
  assert.is("startedTurn" in queued && queued.startedTurn, false);
  assert.is("queue" in queued && queued.queue.length, 1);
  assert.is(guarded.cancelQueuedMessage({ conversationId: "c", messageId: "message-1" }), true);
  assert.is(guarded.cancelQueuedMessage({ conversationId: "c", messageId: "message-1" }), false);
  assert.is(guarded.stopTurn("c"), true);
  assert.is(guarded.stopTurn("c"), false);
  assert.equal(orchestrator.given("startTurn")[0], request);
});

test("a refusal keeps the orchestrator's own reason and message", () => {
  const { orchestrator, guarded } = open();
  orchestrator.instead.startTurn = () => ({ started: false, reason: "tired", message: "come back tomorrow" });
  assert.equal(guarded.startTurn(request), { started: false, reason: "tired", message: "come back tomorrow" });
  orchestrator.instead.enqueue = () => ({ started: false, reason: "queue-full", message: 5 });
  assert.equal(guarded.enqueue(request), { started: false, reason: "queue-full", message: undefined });
});

test("a call that throws is refused with its message, and logged without a stack", () => {
  const { orchestrator, guarded, host } = open();
  const calls = ["startTurn", "enqueue", "cancelQueuedMessage", "isActive", "stopTurn"] as const;
  for (const call of calls) orchestrator.instead[call] = throwing;
  const refused = { started: false, reason: "internal", message: "it broke" };
  assert.equal(guarded.startTurn(request), refused);
  assert.equal(guarded.enqueue(request), refused);
  assert.is(guarded.cancelQueuedMessage({ conversationId: "c", messageId: "m" }), false);
  assert.is(guarded.isActive("c"), false);
  assert.is(guarded.stopTurn("c"), false);
  assert.equal(
    host.lines.map(({ level, message, fields }) => [level, message, fields]),
    calls.map((call) => ["warn", `orchestrator: ${call} threw`, { reason: "it broke" }]),
  );
});

test("an invalid answer becomes a refusal and is logged", () => {
  const { orchestrator, guarded, host } = open();
  for (const answer of nonsense) {
    orchestrator.instead.startTurn = () => answer;
    orchestrator.instead.enqueue = () => answer;
    orchestrator.instead.isActive = () => answer;
    orchestrator.instead.stopTurn = () => answer;
    orchestrator.instead.cancelQueuedMessage = () => answer;
    for (const outcome of [guarded.startTurn(request), guarded.enqueue(request)]) {
      assert.is("reason" in outcome && outcome.reason, "internal");
      assert.is("reason" in outcome && outcome.message, "the orchestrator gave no valid answer");
    }
    assert.is(guarded.isActive("c"), false);
    assert.is(guarded.stopTurn("c"), false);
    assert.is(guarded.cancelQueuedMessage({ conversationId: "c", messageId: "m" }), false);
  }
  assert.is(host.said("orchestrator: startTurn returned an invalid value").length, nonsense.length);
  assert.is(host.said("orchestrator: enqueue returned an invalid value").length, nonsense.length);
});

test("a queue that is not a list counts as empty", () => {
  const { orchestrator, guarded } = open();
  orchestrator.instead.enqueue = () => ({ startedTurn: false, queue: "none" });
  assert.equal(guarded.enqueue(request), { startedTurn: false, queue: [] });
});

test("an orchestrator without cancelQueuedMessage withdraws nothing", () => {
  const scripted = new ScriptedOrchestrator();
  const { cancelQueuedMessage: _, ...port } = asPort({
    startTurn: () => scripted.startTurn(request),
    enqueue: () => scripted.enqueue(request),
    cancelQueuedMessage: () => undefined,
    subscribe: () => () => {},
    isActive: () => false,
    stopTurn: () => ({ abortedTurn: false }),
    closeConversation: () => ({ abortedTurn: false }),
  });
  const guarded = new GuardedOrchestrator(port, tolerantLogger(undefined));
  assert.is(guarded.cancelQueuedMessage({ conversationId: "c", messageId: "m" }), false);
});

test("a call that returns a rejecting promise does not end the process", async () => {
  const { orchestrator, guarded } = open();
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", note);
  for (const call of ["startTurn", "enqueue", "isActive", "stopTurn", "subscribe"] as const)
    orchestrator.instead[call] = () => Promise.reject(new Error("later"));
  assert.is(guarded.startTurn(request).started, false);
  assert.ok("reason" in guarded.enqueue(request));
  assert.is(guarded.isActive("c"), false);
  assert.is(guarded.stopTurn("c"), false);
  guarded.subscribe("c", () => {})?.();
  // Unhandled rejections are reported after the microtasks have run.
  await within(new Promise((resolve) => setImmediate(resolve)), "the next turn of the loop");
  process.off("unhandledRejection", note);
  assert.equal(unhandled, []);
});

// ── subscribing ───────────────────────────────────────────────────────────────────────────────────────────────────

test("a listener gets events and no other values", () => {
  const { orchestrator, guarded, host } = open();
  const heard: unknown[] = [];
  guarded.subscribe("c", (event) => heard.push(event));
  const event = { type: "text-delta", conversationId: "c", turnId: "t", delta: "a" };
  for (const given of [event, null, undefined, 5, "text-delta", {}, { type: 1 }, []]) orchestrator.emitRaw("c", given);
  assert.equal(heard, [event]);
  assert.is(host.said("orchestrator: an event without a type was dropped").length, 7);
});

test("an error of a listener does not reach the orchestrator, and the listener gets the next event", () => {
  const { orchestrator, guarded, host } = open();
  let heard = 0;
  guarded.subscribe("c", () => {
    heard++;
    throw new TypeError("cannot be JSON");
  });
  orchestrator.emitRaw("c", { type: "one" });
  orchestrator.emitRaw("c", { type: "two" });
  assert.is(heard, 2);
  assert.equal(host.said("orchestrator: an event was dropped")[0]?.fields, {
    conversationId: "c",
    reason: "cannot be JSON",
  });
});

test("after unsubscribing a listener gets nothing, even if the orchestrator keeps calling it", () => {
  const { orchestrator, guarded } = open();
  const heard: unknown[] = [];
  const leave = guarded.subscribe("c", (event) => heard.push(event));
  const [given] = orchestrator.given("subscribe") as [{ listener: (event: unknown) => void }];
  leave?.();
  leave?.();
  given.listener({ type: "late" });
  assert.equal(heard, []);
  assert.is(orchestrator.subscriptions("c"), 0);
});

test("a subscribe that throws gives no subscription, and only the events before the error are delivered", () => {
  const { orchestrator, guarded } = open();
  const heard: unknown[] = [];
  let listener: ((event: unknown) => void) | undefined;
  orchestrator.instead.subscribe = (given: { listener: (event: unknown) => void }) => {
    listener = given.listener;
    given.listener({ type: "one" });
    throw new Error("it broke");
  };
  assert.is(
    guarded.subscribe("c", (event) => heard.push(event)),
    undefined,
  );
  listener?.({ type: "two" });
  assert.equal(heard, [{ type: "one" }]);
});

test("an unsubscribe that throws or is not a function has no effect", () => {
  const { orchestrator, guarded, host } = open();
  for (const answer of [throwing, undefined, 5, {}]) {
    orchestrator.instead.subscribe = () => answer;
    const leave = guarded.subscribe("c", () => {});
    leave?.();
  }
  assert.is(host.said("orchestrator: unsubscribe threw").length, 1);
});

test("a reason is readable text for any thrown value, and never a stack", () => {
  assert.is(errorMessage(new Error("why")), "why");
  assert.is(errorMessage("why"), "why");
  assert.is(errorMessage(undefined), "undefined");
  assert.is(errorMessage({ toString: throwing }), "it failed without saying why");
  assert.is(errorMessage(Object.create(null)), "it failed without saying why");
  assert.ok(errorMessage(new Error("x".repeat(1_000_000))).length < 10_000);
});

test.run();

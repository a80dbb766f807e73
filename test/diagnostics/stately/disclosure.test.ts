// What the Stately inspector is told of events and contexts: hidden unless it is named, and plain data in any case.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createActor, createMachine } from "xstate";
import { Disclosure } from "../../../src/diagnostics/stately/disclosure.ts";

const test = suite("stately: disclosure");

const charactersMax = 200;
const hidden = new Disclosure("hidden", charactersMax);
const full = new Disclosure("full", charactersMax);

const hostile = {
  type: "x",
  conversationId: "c",
  get text(): string {
    throw new Error("not for you");
  },
};

test("hidden, only ids and words of ours are told, at the top and in an input or a broadcast", () => {
  const told = hidden.event({
    type: "broadcast.made",
    conversationId: "c",
    connectionId: "k",
    instance: 3,
    message: "secret",
    payload: { status: "secret", type: "secret" },
    failure: { message: "secret" },
    images: [{ url: "secret" }],
    surfaceId: { toString: () => "secret" },
    input: { surfaceId: "s", text: "secret" },
    broadcast: {
      type: "conversation.statusChanged",
      status: "idle",
      workspaceId: "secret",
      broadcast: { title: "secret" },
    },
  });
  assert.equal(told, {
    type: "broadcast.made",
    conversationId: "c",
    connectionId: "k",
    instance: 3,
    input: { surfaceId: "s" },
    broadcast: { type: "conversation.statusChanged", status: "idle", broadcast: {} },
  });
});

test("full, everything is told as JSON can hold it", () => {
  class Refused extends Error {
    override name = "Refused";
    code = 7;
  }
  const event = { type: "x", error: new Refused("because"), big: 12n, run: () => 1, gone: undefined, list: [1, null] };
  assert.equal(full.event(event), {
    type: "x",
    error: { name: "Refused", message: "because", code: 7 },
    big: "12",
    list: [1, null],
  });
});

test("full, what is too long is a word about that, and the type stays", () => {
  assert.equal(full.event({ type: "x", text: "y".repeat(charactersMax) }), { type: "x", notShown: "222 characters" });
});

test("what cannot be read costs nothing but its own content", () => {
  const circle: { type: string; self?: unknown } = { type: "round" };
  circle.self = circle;
  assert.equal(full.event(circle), { type: "round", notShown: "no JSON" });
  for (const disclosure of [hidden, full]) {
    assert.equal(disclosure.event(hostile), { type: "x", notShown: "no JSON" });
  }
});

test("a snapshot's states and tags are told, its context, output and error as far as payloads are", () => {
  const machine = createMachine({
    id: "m",
    context: { conversationId: "c", text: "secret" },
    initial: "a",
    states: { a: { tags: "tagged", on: { end: "b" } }, b: { type: "final" } },
    output: { answer: "secret", turnId: "t" },
  });
  const actor = createActor(machine).start();
  assert.equal(hidden.snapshot(actor.getSnapshot()), {
    status: "active",
    value: "a",
    context: { conversationId: "c" },
    tags: ["tagged"],
  });
  actor.send({ type: "end" });
  const done = { status: "done", value: "b", tags: [] };
  assert.equal(hidden.snapshot(actor.getSnapshot()), {
    ...done,
    context: { conversationId: "c" },
    output: { turnId: "t" },
  });
  assert.equal(full.snapshot(actor.getSnapshot()), {
    ...done,
    context: { conversationId: "c", text: "secret" },
    output: { answer: "secret", turnId: "t" },
  });
});

test("of an error, hidden, nothing is told but that there is one", () => {
  const failing = createMachine({ id: "m", on: { go: { actions: () => fail() } } });
  const fail = (): never => {
    throw new Error("secret");
  };
  const actor = createActor(failing);
  actor.subscribe({ error: () => {} });
  actor.start();
  actor.send({ type: "go" });
  assert.is(hidden.snapshot(actor.getSnapshot()).error, "not shown");
  assert.equal(full.snapshot(actor.getSnapshot()).error, { name: "Error", message: "secret" });
});

test.run();

// Surfaces on the wire: subscribing, changes, actions and the catalog (protocol 1.1, 1.2, 1.5.4), with providers that
// answer at once, later, and in the wrong order.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createSurfaceRegistry } from "../../src/surfaces/surface-registry.ts";
import { isRecord } from "../support/client/transcript.ts";
import type { Client } from "../support/client.ts";
import { eventually } from "../support/deadline.ts";
import { hastyClock, withHost } from "../support/gateway.ts";
import { asProvider, type Question, registryOf, ScriptedSurface } from "../support/scripted-surfaces.ts";

const test = suite("wire: surfaces");

/** The surface messages that a socket got, in order: the kind of each and the value in its spec. */
function shown(client: Client): string[] {
  return client.received.flatMap((message) => {
    if (message.type === "surface") return [`surface ${payloadOf(message["spec"])}`];
    if (message.type !== "update" || !isRecord(message["update"])) return [];
    return [`update ${payloadOf(message["update"]["spec"])}`];
  });
}

function payloadOf(spec: unknown): string {
  const fields = isRecord(spec) && Array.isArray(spec["fields"]) ? spec["fields"] : [];
  const [field]: unknown[] = fields;
  return isRecord(field) ? String(field["payload"]) : "nothing";
}

/** Waits until the provider has been asked for the question with this index. */
const question = (surface: ScriptedSurface, index: number): Promise<Question> =>
  eventually(() => surface.questions[index], `question ${index}`);

test("subscribe is answered with the exact spec, and with the conversation if the request had one (1.1, 1.2)", () => {
  const surface = new ScriptedSurface("s");
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const client = await join();
    client.send({ type: "subscribe", surfaceId: "s" });
    assert.equal(await client.next("surface"), { type: "surface", spec: surface.spec("first") });
    client.send({ type: "subscribe", surfaceId: "s", conversationId: "c" });
    const answer = await client.next("surface");
    assert.equal(answer, { type: "surface", spec: surface.spec("first"), conversationId: "c" });
    assert.equal(surface.asked, [undefined, { conversationId: "c" }]);
    surface.change("second");
    const updates = [await client.next("update"), await client.next("update")];
    assert.equal(
      updates.map((message) => message["update"]),
      [
        { surfaceId: "s", spec: surface.spec("second") },
        { surfaceId: "s", spec: surface.spec("second"), conversationId: "c" },
      ],
    );
  });
});

test("conversationId null means the same subscription as none (1.1)", () => {
  const surface = new ScriptedSurface("s");
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const client = await join();
    client.send({ type: "subscribe", surfaceId: "s", conversationId: null });
    assert.equal(await client.next("surface"), { type: "surface", spec: surface.spec("first") });
    client.send({ type: "unsubscribe", surfaceId: "s" });
    await client.barrier();
    surface.change("second");
    await client.barrier();
    assert.equal(shown(client), ["surface first"]);
  });
});

test("any spec is passed on unchanged, with all kinds of field and unknown kinds (1.2)", () => {
  const surface = new ScriptedSurface("s");
  const spec = {
    id: "s",
    region: "r",
    title: "t \ud83d\ude00",
    fields: [
      { kind: "toggle", label: "l", value: true, action: { actionId: "a" } },
      { kind: "progress", label: "l", value: 0.25 },
      { kind: "selector", label: "l", value: "x", options: [{ value: "x", label: "X" }], action: { actionId: "b" } },
      { kind: "stat", label: "l", value: "12" },
      { kind: "button", label: "l", action: { actionId: "c" } },
      { kind: "custom", rendererId: "r", payload: { deep: [[[null]]] } },
      { kind: "host.own", anything: 1 },
    ],
    extra: { of: "the host" },
  };
  surface.getSpecInstead = () => spec;
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const client = await join();
    client.send({ type: "subscribe", surfaceId: "s" });
    assert.equal((await client.next("surface"))["spec"], spec);
  });
});

test("a repeated subscribe gets another surface each time, but no second subscription (1.1)", () => {
  const surface = new ScriptedSurface("s");
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const client = await join();
    for (let times = 0; times < 3; times++) client.send({ type: "subscribe", surfaceId: "s" });
    for (let times = 0; times < 3; times++) await client.next("surface");
    client.send({ type: "subscribe", surfaceId: "s" });
    await client.next("surface");
    surface.change("second");
    await client.next("update");
    await client.barrier();
    assert.equal(shown(client), [...Array.from({ length: 4 }, () => "surface first"), "update second"]);
    client.send({ type: "unsubscribe", surfaceId: "s" });
    await client.barrier();
    assert.is(surface.subscriptions, 0);
    surface.change("third");
    await client.barrier();
    assert.is(shown(client).length, 5);
  });
});

test("a provider is asked once for all viewers, and once per change", () => {
  const surface = new ScriptedSurface("s");
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => join()));
    for (const client of clients) client.send({ type: "subscribe", surfaceId: "s" });
    await Promise.all(clients.map((client) => client.next("surface")));
    assert.is(surface.asked.length, 1);
    assert.is(surface.subscriptions, 1);
    surface.change("second");
    await Promise.all(clients.map((client) => client.next("update")));
    assert.is(surface.asked.length, 2);
    for (const client of clients) assert.equal(shown(client), ["surface first", "update second"]);
  });
});

test("no update comes before the surface, however the spec is built (1.1)", () => {
  const surface = new ScriptedSurface("s");
  surface.answersLater = true;
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const client = await join();
    client.send({ type: "subscribe", surfaceId: "s" });
    const first = await question(surface, 0);
    surface.change("two");
    surface.change("three");
    await client.barrier();
    assert.equal(shown(client), []);
    first.resolve(surface.spec("one"));
    await client.next("surface");
    (await question(surface, 1)).resolve(surface.spec("three"));
    await client.next("update");
    await client.barrier();
    assert.equal(shown(client), ["surface one", "update three"]);
    assert.is(surface.questions.length, 2, "two changes during one getSpec cause one more question");
  });
});

test("updates never come out of order, and the last change is never skipped (1.5.4)", () => {
  const surface = new ScriptedSurface("s");
  surface.answersLater = true;
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const client = await join();
    client.send({ type: "subscribe", surfaceId: "s" });
    (await question(surface, 0)).resolve(surface.spec(0));
    await client.next("surface");
    // Each answer has the value at the time of the answer, and comes after further changes.
    let asked = 1;
    for (let change = 1; change <= 50; change++) {
      surface.change(change);
      if (change % 3 !== 0) continue;
      (await question(surface, asked++)).resolve(surface.spec(change));
      await client.next("update");
    }
    (await question(surface, asked++)).resolve(surface.spec(50));
    const last = await client.next((message) => shownValue(message) === "50");
    assert.is(last.type, "update");
    await client.barrier();
    const values = shown(client).map((line) => Number(line.split(" ")[1]));
    assert.equal(
      values,
      [...values].sort((a, b) => a - b),
    );
    assert.is(values.at(-1), 50);
  });
});

const shownValue = (message: Record<string, unknown>): string =>
  isRecord(message["update"]) ? payloadOf(message["update"]["spec"]) : "";

test("of many changes only some are sent, and always the last (1.5.4)", () => {
  const surface = new ScriptedSurface("s");
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const client = await join();
    client.send({ type: "subscribe", surfaceId: "s" });
    await client.next("surface");
    for (let change = 1; change <= 10_000; change++) surface.change(change);
    await client.next((message) => shownValue(message) === "10000");
    await client.barrier();
    assert.ok(surface.asked.length < 20, `asked ${surface.asked.length} times`);
    assert.is(shown(client).at(-1), "update 10000");
  });
});

test("an answer to an older question never follows a newer one (1.5.4)", () => {
  const surface = new ScriptedSurface("s");
  surface.answersLater = true;
  return withHost({ surfaces: [surface], clock: hastyClock(40) }, async ({ join }) => {
    const client = await join();
    client.send({ type: "subscribe", surfaceId: "s" });
    const old = await question(surface, 0);
    assert.equal(await client.next("error"), {
      type: "error",
      surfaceId: "s",
      message: "s did not answer within 10 s",
    });
    surface.change("new");
    (await question(surface, 1)).resolve(surface.spec("new"));
    await client.next("surface");
    old.resolve(surface.spec("old"));
    old.reject(new Error("too late to matter"));
    await client.barrier();
    assert.equal(shown(client), ["surface new"]);
  });
});

test("unsubscribe ends the updates, even if the surface is still being built (1.1, 1.5.3)", () => {
  const surface = new ScriptedSurface("s");
  surface.answersLater = true;
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const [leaving, staying] = [await join(), await join()];
    for (const client of [leaving, staying]) client.send({ type: "subscribe", surfaceId: "s" });
    const first = await question(surface, 0);
    await staying.barrier();
    leaving.send({ type: "unsubscribe", surfaceId: "s" });
    await leaving.barrier();
    first.resolve(surface.spec("one"));
    await staying.next("surface");
    await leaving.barrier();
    assert.equal(leaving.unread(), []);
    staying.send({ type: "unsubscribe", surfaceId: "s" });
    await staying.barrier();
    surface.change("two");
    await staying.barrier();
    assert.equal(shown(staying), ["surface one"]);
    assert.is(surface.subscriptions, 0);
  });
});

test("unsubscribe without a subscription is harmless and has no reply, and ends only the named key (1.1)", () => {
  const surface = new ScriptedSurface("s");
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const client = await join();
    client.send({ type: "subscribe", surfaceId: "s", conversationId: "c" });
    await client.next("surface");
    client.send({ type: "unsubscribe", surfaceId: "s" });
    client.send({ type: "unsubscribe", surfaceId: "s", conversationId: "other" });
    client.send({ type: "unsubscribe", surfaceId: "unknown" });
    await client.barrier();
    assert.equal(client.unread(), []);
    surface.change("second");
    await client.next("update");
  });
});

test("after unsubscribe and an immediate subscribe only the surface of the new subscription arrives", () => {
  const surface = new ScriptedSurface("s");
  surface.answersLater = true;
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const client = await join();
    client.send({ type: "subscribe", surfaceId: "s" });
    await question(surface, 0);
    client.send({ type: "unsubscribe", surfaceId: "s" });
    client.send({ type: "subscribe", surfaceId: "s" });
    const second = await question(surface, 1);
    surface.questions[0]?.resolve(surface.spec("old life"));
    await client.barrier();
    assert.equal(shown(client), []);
    second.resolve(surface.spec("new life"));
    await client.next("surface");
    await client.barrier();
    assert.equal(shown(client), ["surface new life"]);
  });
});

test("a change for one conversation reaches only that conversation", () => {
  const surface = new ScriptedSurface("s");
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const [one, other] = [await join(), await join()];
    one.send({ type: "subscribe", surfaceId: "s", conversationId: "a" });
    other.send({ type: "subscribe", surfaceId: "s", conversationId: "b" });
    await Promise.all([one.next("surface"), other.next("surface")]);
    surface.change("second", { conversationId: "a" });
    await one.next("update");
    await other.barrier();
    assert.equal(shown(other), ["surface first"]);
  });
});

test("invoke runs the action with payload and conversation, and a success has no reply (1.1)", () => {
  const surface = new ScriptedSurface("s");
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const client = await join();
    const payloads: unknown[] = [null, 0, "", false, { value: [1] }];
    for (const payload of payloads) client.send({ type: "invoke", surfaceId: "s", actionId: "set", payload });
    client.send({ type: "invoke", surfaceId: "s", actionId: "press", conversationId: "c" });
    surface.invokeInstead = () => Promise.resolve({ ignored: true });
    client.send({ type: "invoke", surfaceId: "s", actionId: "later", conversationId: null });
    await client.barrier();
    assert.equal(
      surface.invoked.slice(0, 5).map((one) => one.payload),
      payloads,
    );
    assert.equal(surface.invoked[5], { actionId: "press", payload: undefined, context: { conversationId: "c" } });
    assert.equal(surface.invoked[6], { actionId: "later", payload: undefined, context: undefined });
    assert.equal(client.unread(), []);
  });
});

test("an action needs no subscription, and its change reaches every viewer", () => {
  const surface = new ScriptedSurface("s");
  surface.invokeInstead = (_actionId, payload) => surface.change(payload);
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const [viewer, actor] = [await join(), await join()];
    viewer.send({ type: "subscribe", surfaceId: "s" });
    await viewer.next("surface");
    actor.send({ type: "invoke", surfaceId: "s", actionId: "set", payload: "acted" });
    await viewer.next("update");
    await actor.barrier();
    assert.equal(shown(viewer), ["surface first", "update acted"]);
    assert.equal(actor.unread(), []);
  });
});

test("a provider without subscribe is asked again for each new viewer and after each action", () => {
  const surface = new ScriptedSurface("s", { announces: false });
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const [one, other] = [await join(), await join()];
    one.send({ type: "subscribe", surfaceId: "s" });
    await one.next("surface");
    surface.value = "second";
    other.send({ type: "subscribe", surfaceId: "s" });
    await other.next("surface");
    assert.equal(shown(other), ["surface second"]);
    surface.invokeInstead = () => {
      surface.value = "third";
    };
    other.send({ type: "invoke", surfaceId: "s", actionId: "set" });
    await one.next((message) => shownValue(message) === "third");
    await other.next((message) => shownValue(message) === "third");
  });
});

// ── the catalog ───────────────────────────────────────────────────────────────────────────────────────────────────

for (const announces of [true, false]) {
  const kind = announces ? "that announces its changes" : "without subscribe (compared once a second)";
  test(`the catalog is sent again whenever it changes, from a registry ${kind} (1.2)`, () => {
    const registry = registryOf([new ScriptedSurface("one")], { announces });
    return withHost({ registry }, async ({ join }) => {
      const [early, other] = [await join(), await join()];
      const unregister = registry.register(asProvider(new ScriptedSurface("two")));
      for (const client of [early, other]) {
        const { catalog } = await client.next("catalog");
        assert.ok(Array.isArray(catalog));
        assert.is(catalog.length, 2);
      }
      const late = await join();
      unregister();
      for (const client of [early, other, late]) {
        await client.next((message) => message.type === "catalog" && JSON.stringify(message["catalog"]).length < 60);
      }
      early.send({ type: "subscribe", surfaceId: "two" });
      assert.is((await early.next("error"))["message"], "Unknown surface: two");
    });
  });
}

test("a surface that is registered later can be subscribed to, and a replaced surface is sent again", () => {
  const registry = createSurfaceRegistry();
  return withHost({ registry }, async ({ join }) => {
    const client = await join();
    client.send({ type: "subscribe", surfaceId: "s" });
    await client.next("error");
    const [old, young] = [new ScriptedSurface("s"), new ScriptedSurface("s")];
    young.value = "of the new provider";
    const unregister = registry.register(asProvider(old));
    client.send({ type: "subscribe", surfaceId: "s" });
    await client.next("surface");
    unregister();
    registry.register(asProvider(young));
    await client.next((message) => shownValue(message) === "of the new provider");
    assert.is(old.subscriptions, 0);
    assert.is(young.subscriptions, 1);
    old.change("of the old provider");
    young.change("and on");
    await client.next((message) => shownValue(message) === "and on");
    assert.equal(shown(client), ["surface first", "update of the new provider", "update and on"]);
  });
});

test.run();

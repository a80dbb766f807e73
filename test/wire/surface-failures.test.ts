// Surface providers and registries that violate their contract in every way: viewers get the reason, keep their
// subscription and recover, and no other client is affected (protocol 1.4, 1.5.4).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SurfaceRegistry } from "../../src/ports/surfaces.ts";
import { createSurfaceRegistry } from "../../src/surfaces/surface-registry.ts";
import { eventually } from "../support/deadline.ts";
import { hastyClock, withHost } from "../support/gateway.ts";
import { asProvider, ScriptedSurface } from "../support/scripted-surfaces.ts";

const test = suite("wire: surfaces that fail");

const cyclic: Record<string, unknown> = { id: "s" };
cyclic["self"] = cyclic;
/** A computed key, because the linter reports an object with a `then` property. */
const then = "then";
const wordless: unknown = Object.create(null);

/** What getSpec does, and the reason that viewers must get. */
const failures: [name: string, getSpec: () => unknown, reason: RegExp][] = [
  ["throws an Error", () => thrown(new Error("no spec today")), /^no spec today$/],
  ["throws a string", () => thrown("just words"), /^just words$/],
  ["throws nothing", () => thrown(undefined), /undefined/],
  ["throws an object without a message", () => thrown(wordless), /./],
  ["throws an Error whose message throws", () => thrown(errorWithoutMessage()), /./],
  ["throws an Error with 10 MB of message", () => thrown(new Error("x".repeat(10_000_000))), /^x{100,2000}$/],
  ["rejects", () => Promise.reject(new Error("not now")), /^not now$/],
  ["rejects with nothing", () => Promise.reject(undefined), /undefined/],
  ["rejects with an object without a message", () => Promise.reject(wordless), /./],
  ["returns undefined", () => undefined, /no spec/],
  ["returns null", () => null, /no spec/],
  ["returns a string", () => "spec", /no spec/],
  ["returns a number", () => Number.NaN, /no spec/],
  ["returns a function", () => () => {}, /no spec/],
  ["returns an array", () => [], /no spec/],
  ["resolves with undefined", () => Promise.resolve(undefined), /no spec/],
  ["returns a cycle", () => cyclic, /circular/i],
  ["returns a BigInt", () => ({ id: "s", big: 1n }), /BigInt/],
  ["resolves with a BigInt", () => Promise.resolve({ id: "s", big: 1n }), /BigInt/],
  ["returns an object whose toJSON gives undefined", () => ({ toJSON: () => undefined }), /not a JSON object/],
  ["returns an object whose toJSON gives a string", () => ({ toJSON: () => "spec" }), /not a JSON object/],
  ["returns a toJSON that throws", () => ({ toJSON: () => thrown(new Error("not me")) }), /not me/],
  ["returns a getter that throws", () => Object.defineProperty({}, "id", throwingGetter), /getter/],
  ["returns a then that throws", () => Object.defineProperty({}, then, throwingGetter), /getter/],
  ["returns a spec of 5 MB", () => ({ id: "s", fields: ["x".repeat(5_000_000)] }), /large|bytes/],
];

const throwingGetter: PropertyDescriptor = { enumerable: true, get: () => thrown(new Error("a getter throws")) };

function thrown(error: unknown): never {
  throw error;
}

function errorWithoutMessage(): Error {
  return Object.defineProperty(new Error("x"), "message", { get: () => thrown(new Error("none")) });
}

for (const [name, getSpec, reason] of failures) {
  test(`a provider that ${name} causes an error for its viewers, and they recover (1.4)`, () => {
    const [bad, good] = [new ScriptedSurface("bad"), new ScriptedSurface("good")];
    bad.getSpecInstead = getSpec;
    return withHost({ surfaces: [bad, good] }, async ({ join }) => {
      const [viewer, other] = [await join(), await join()];
      viewer.send({ type: "subscribe", surfaceId: "bad", conversationId: "c" });
      const error = await viewer.next("error");
      assert.equal({ ...error, message: "" }, { type: "error", surfaceId: "bad", conversationId: "c", message: "" });
      assert.match(String(error["message"]), reason);
      other.send({ type: "subscribe", surfaceId: "good" });
      await other.next("surface");
      // The subscription is kept, so the next good spec arrives as a surface.
      bad.getSpecInstead = undefined;
      bad.change("mended");
      assert.equal(await viewer.next("surface"), {
        type: "surface",
        spec: bad.spec("mended"),
        conversationId: "c",
      });
      bad.getSpecInstead = getSpec;
      bad.change("broken again");
      await viewer.next("error");
      bad.getSpecInstead = undefined;
      bad.change("and mended");
      await viewer.next("update");
      await other.barrier();
      assert.equal(other.unread(), []);
    });
  });
}

test("a provider that does not answer causes an error after 10 s, and its late answer is still sent (1.4)", () => {
  const surface = new ScriptedSurface("s");
  surface.answersLater = true;
  return withHost({ surfaces: [surface], clock: hastyClock(40) }, async ({ join }) => {
    const client = await join();
    client.send({ type: "subscribe", surfaceId: "s" });
    const error = await client.next("error");
    assert.equal(error, { type: "error", surfaceId: "s", message: "s did not answer within 10 s" });
    surface.questions[0]?.resolve(surface.spec("late"));
    assert.equal((await client.next("surface"))["spec"], surface.spec("late"));
    surface.change("second");
    await client.next("error");
    surface.questions[1]?.resolve(surface.spec("late again"));
    await client.next("update");
  });
});

test("a change during a failing getSpec is not skipped (1.5.4)", () => {
  const surface = new ScriptedSurface("s");
  surface.answersLater = true;
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const client = await join();
    client.send({ type: "subscribe", surfaceId: "s" });
    const first = await eventually(() => surface.questions[0], "the first question");
    surface.change("second");
    await client.barrier();
    first.reject(new Error("the first could not be built"));
    await client.next("error");
    const second = await eventually(() => surface.questions[1], "the question after the change");
    second.resolve(surface.spec("second"));
    assert.equal((await client.next("surface"))["spec"], surface.spec("second"));
  });
});

test("a new viewer causes a failed surface to be asked again", () => {
  const surface = new ScriptedSurface("s");
  surface.getSpecInstead = () => thrown(new Error("not yet"));
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const [first, second] = [await join(), await join()];
    first.send({ type: "subscribe", surfaceId: "s" });
    await first.next("error");
    surface.getSpecInstead = undefined;
    second.send({ type: "subscribe", surfaceId: "s" });
    await Promise.all([first.next("surface"), second.next("surface")]);
  });
});

test("a provider that announces a change inside getSpec is not asked endlessly", () => {
  const surface = new ScriptedSurface("s");
  surface.getSpecInstead = () => {
    surface.change("within");
    return surface.spec("built");
  };
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const client = await join();
    client.send({ type: "subscribe", surfaceId: "s" });
    await client.next("surface");
    for (let times = 0; times < 20; times++) await client.barrier();
    assert.ok(surface.asked.length < 5, `asked ${surface.asked.length} times`);
  });
});

test("a provider whose subscribe or unsubscribe fails still shows its surface", () => {
  const subscribes: (() => unknown)[] = [
    () => thrown(new Error("no subscriptions")),
    () => null,
    () => 5,
    () => Promise.reject(new Error("asynchronous")),
    () => () => thrown(new Error("you may not leave")),
    () => () => Promise.reject(new Error("you may not leave, asynchronously")),
  ];
  const surfaces = subscribes.map((instead, index) => {
    const surface = new ScriptedSurface(`s${index}`);
    surface.subscribeInstead = instead;
    return surface;
  });
  return withHost({ surfaces }, async ({ join }) => {
    const client = await join();
    for (const { catalogEntry } of surfaces) {
      client.send({ type: "subscribe", surfaceId: catalogEntry.id });
      await client.next("surface");
      client.send({ type: "unsubscribe", surfaceId: catalogEntry.id });
    }
    await client.barrier();
    assert.equal(client.unread(), []);
  });
});

test("callbacks after unsubscribing, inside subscribe or with invalid contexts cause no wrong message", () => {
  const surface = new ScriptedSurface("s");
  const callbacks: ((context?: unknown) => void)[] = [];
  surface.subscribeInstead = (onChange) => {
    onChange();
    callbacks.push((context) => Reflect.apply(onChange, undefined, [context]));
    return () => {};
  };
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const client = await join();
    client.send({ type: "subscribe", surfaceId: "s" });
    await client.next("surface");
    for (const context of [null, 5, "c", { conversationId: 7 }, { conversationId: "other" }]) callbacks[0]?.(context);
    await client.barrier();
    client.send({ type: "unsubscribe", surfaceId: "s" });
    await client.barrier();
    const before = client.received.length;
    for (const call of callbacks) call();
    await client.barrier();
    assert.equal(
      client.received.slice(before).filter((message) => message.type !== "pong"),
      [],
    );
  });
});

test("an action with an odd result, or that settles after its deadline or its socket's end, does no harm (1.4)", () => {
  const surface = new ScriptedSurface("s");
  const late: { reject(error: unknown): void }[] = [];
  surface.invokeInstead = () => {
    const { promise, reject } = Promise.withResolvers();
    late.push({ reject });
    return promise;
  };
  return withHost({ surfaces: [surface], clock: hastyClock(40) }, async ({ join }) => {
    const [client, leaving] = [await join(), await join()];
    leaving.send({ type: "invoke", surfaceId: "s", actionId: "hang" });
    await leaving.barrier();
    await leaving.close();
    client.send({ type: "invoke", surfaceId: "s", actionId: "hang" });
    await client.next("error");
    for (const one of late) one.reject(new Error("much too late"));
    const outcomes: (() => unknown)[] = [
      () => ({ [then]: 5 }),
      () => 5,
      () => null,
      () => ({ [then]: (resolve: () => void) => resolve() }),
    ];
    for (const outcome of outcomes) {
      surface.invokeInstead = outcome;
      client.send({ type: "invoke", surfaceId: "s", actionId: "odd" });
    }
    await client.barrier();
    assert.equal(client.unread(), []);
    surface.invokeInstead = () => Promise.reject(wordless);
    client.send({ type: "invoke", surfaceId: "s", actionId: "odd" });
    await client.next("error");
  });
});

const registries: [name: string, broken: Partial<Record<keyof SurfaceRegistry, () => unknown>>][] = [
  ["throws from every call", { getCatalog: boom, getSurface: boom, subscribe: boom }],
  ["answers null", { getCatalog: () => null, getSurface: () => null, subscribe: () => null }],
  ["answers numbers", { getCatalog: () => 5, getSurface: () => 5, subscribe: () => 5 }],
  [
    "answers promises that reject",
    { getCatalog: rejected, getSurface: rejected, subscribe: rejected, register: rejected },
  ],
  ["has a catalog that JSON cannot hold", { getCatalog: () => [{ id: 1n }], getSurface: () => ({}) }],
];

function boom(): never {
  throw new Error("the registry is broken");
}

function rejected(): Promise<never> {
  return Promise.reject(new Error("the registry is asynchronous"));
}

for (const [name, broken] of registries) {
  test(`a registry that ${name} causes an empty catalog and an error, and closes no socket`, () => {
    const registry: SurfaceRegistry = Object.assign(createSurfaceRegistry(), broken);
    return withHost({ registry }, async ({ orchestrator, join }) => {
      const client = await join();
      assert.equal(client.received[0], { type: "catalog", catalog: [] });
      client.send({ type: "subscribe", surfaceId: "s" });
      assert.is((await client.next("error"))["surfaceId"], "s");
      client.send({ type: "invoke", surfaceId: "s", actionId: "a" });
      assert.is((await client.next("error"))["surfaceId"], "s");
      client.send({ type: "chat.send", conversationId: "c", message: "x" });
      await client.barrier();
      orchestrator.say("c", "chat goes on");
      await client.nextEvent("c", "text-delta");
    });
  });
}

test("an invalid provider causes an error", () => {
  const registry: SurfaceRegistry = Object.assign(createSurfaceRegistry(), { getSurface: () => ({ getSpec: 5 }) });
  registry.register(asProvider(new ScriptedSurface("s")));
  return withHost({ registry }, async ({ join }) => {
    const client = await join();
    client.send({ type: "subscribe", surfaceId: "s" });
    assert.match(String((await client.next("error"))["message"]), "not a function");
    client.send({ type: "invoke", surfaceId: "s", actionId: "a" });
    assert.match(String((await client.next("error"))["message"]), "not a function");
  });
});

test.run();

// turnwire as an extension of a host: it activates, serves, deactivates and leaves nothing behind, and reports why it
// cannot.
import { createServer } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createTransportWsExtension } from "../../../src/server/host-extension.ts";
import { createSurfaceRegistry } from "../../../src/surfaces/surface-registry.ts";
import { connect } from "../../support/client.ts";
import { eventually, within } from "../../support/deadline.ts";
import { portOf, withHost } from "../../support/gateway.ts";
import { FakeHost, hooks } from "../../support/host.ts";
import { openPeer, openUpgradedPeer } from "../../support/http-peer.ts";
import { rejection } from "../../support/rejection.ts";
import { ScriptedOrchestrator } from "../../support/scripted-orchestrator.ts";
import { registryOf, ScriptedSurface } from "../../support/scripted-surfaces.ts";

const test = suite("host: extension");

interface OpenHost {
  host: FakeHost;
  orchestrator: ScriptedOrchestrator;
  surface: ScriptedSurface;
}

/** A host with everything that the extension depends on. */
function openHost(settings: Record<string, unknown> = {}): OpenHost {
  const host = new FakeHost();
  const orchestrator = new ScriptedOrchestrator();
  const surface = new ScriptedSurface("s");
  host.services.set("session-orchestrator/orchestrator", orchestrator);
  host.services.set("surface-registry/registry", registryOf([surface]));
  for (const [key, value] of Object.entries(settings)) host.settings.set(key, value);
  return { host, orchestrator, surface };
}

const urlOf = (host: FakeHost): string => `ws://127.0.0.1:${portOf(host)}`;

/**
 * The kinds of resources that keep the process alive. Standard streams and the test runner's own are always included.
 */
const resources = (): string => process.getActiveResourcesInfo().sort().join();

test("services and hooks are requested by handles with id and kind", async () => {
  const { host } = openHost();
  const extension = createTransportWsExtension();
  await extension.activate(host);
  await extension.deactivate();
  const byId = (a: { id: string }, b: { id: string }): number => a.id.localeCompare(b.id);
  assert.equal(host.handles.map(({ id, kind }) => ({ id, kind })).sort(byId), [
    { id: "session-orchestrator/conversation-compacted", kind: "event" },
    { id: "session-orchestrator/conversation-opened", kind: "event" },
    { id: "session-orchestrator/conversation-status-changed", kind: "event" },
    { id: "session-orchestrator/orchestrator", kind: "service" },
    { id: "surface-registry/registry", kind: "service" },
  ]);
});

test("activate resolves when the port listens, and the log names the port", async () => {
  const { host } = openHost();
  const extension = createTransportWsExtension();
  await extension.activate(host);
  try {
    assert.equal(host.lines, [
      { level: "info", message: "transport-ws: surface WebSocket listening", fields: { port: portOf(host) } },
    ]);
    using client = await connect(urlOf(host));
    await client.next("catalog");
  } finally {
    await extension.deactivate();
  }
});

test("the log lines that a host's operators rely on are exact", () => {
  const surface = new ScriptedSurface("s");
  return withHost({ surfaces: [surface] }, async ({ host, join }) => {
    const client = await join();
    client.send({ type: "chat.send", conversationId: "a", message: "x" });
    client.send({ type: "chat.send", conversationId: "b", message: "x", model: "p/m" });
    client.send({ type: "chat.queue", conversationId: "a", text: "x" });
    client.send({ type: "chat.queue", conversationId: "c", text: "x" });
    client.send({ type: "chat.queue.cancel", conversationId: "a", messageId: "message-1" });
    client.send({ type: "chat.queue.cancel", conversationId: "a", messageId: "gone" });
    client.send({ type: "chat.send", conversationId: "a" });
    client.send({ type: "chat.send", message: "" });
    surface.invokeInstead = () => Promise.reject(new Error("it broke"));
    client.send({ type: "invoke", surfaceId: "s", actionId: "press" });
    await client.next("error");
    surface.getSpecInstead = () => null;
    client.send({ type: "subscribe", surfaceId: "s" });
    await client.next("error");
    client.send({ type: "subscribe", surfaceId: "no", conversationId: "a" });
    client.send({ type: "invoke", surfaceId: "no", actionId: "press" });
    await client.next("error");
    await client.next("error");
    await client.close();
    await eventually(() => host.said("transport-ws: connection close").length === 1, "the close to be logged");
    const [listening, open, ...others] = host.lines;
    assert.is(listening?.message, "transport-ws: surface WebSocket listening");
    assert.is(open?.level, "debug");
    assert.is(open?.message, "transport-ws: connection open");
    const close = others.pop();
    assert.is(close?.level, "debug");
    assert.is(close?.message, "transport-ws: connection close");
    const needsMessage = "chat.send requires a non-empty string `message`";
    const accepted = "transport-ws: chat.send accepted";
    const queued = "transport-ws: chat.queue accepted";
    const cancel = "transport-ws: chat.queue.cancel accepted";
    const unknown = "Unknown surface: no";
    const malformed = "transport-ws: malformed chat.send";
    const failed = "transport-ws: surface-op error";
    assert.equal(others, [
      { level: "info", message: accepted, fields: { conversationId: "a", model: null } },
      { level: "info", message: accepted, fields: { conversationId: "b", model: "p/m" } },
      { level: "info", message: queued, fields: { conversationId: "a", startedTurn: false } },
      { level: "info", message: queued, fields: { conversationId: "c", startedTurn: true } },
      { level: "info", message: cancel, fields: { conversationId: "a", messageId: "message-1", cancelled: true } },
      { level: "info", message: cancel, fields: { conversationId: "a", messageId: "gone", cancelled: false } },
      { level: "warn", message: malformed, fields: { reason: needsMessage, conversationId: "a" } },
      { level: "warn", message: malformed, fields: { reason: needsMessage } },
      { level: "warn", message: failed, fields: { surfaceId: "s", actionId: "press", reason: "it broke" } },
      { level: "warn", message: failed, fields: { surfaceId: "s", reason: "the surface returned no spec" } },
      { level: "warn", message: failed, fields: { surfaceId: "no", reason: unknown } },
      { level: "warn", message: failed, fields: { surfaceId: "no", actionId: "press", reason: unknown } },
    ]);
  });
});

test("two extensions in two hosts with different orchestrators run at once without affecting each other", async () => {
  const [one, other] = [openHost(), openHost()];
  const extensions = [createTransportWsExtension(), createTransportWsExtension()];
  await Promise.all([extensions[0]?.activate(one.host), extensions[1]?.activate(other.host)]);
  using first = await connect(urlOf(one.host));
  using second = await connect(urlOf(other.host));
  for (const client of [first, second]) {
    client.send({ type: "chat.send", conversationId: "same", message: "x" });
    client.send({ type: "subscribe", surfaceId: "s" });
    await client.next("surface");
  }
  one.orchestrator.say("same", "of one");
  other.orchestrator.say("same", "of other");
  one.host.fire(hooks.opened, { conversationId: "same", workspaceId: "one" });
  one.surface.change("changed");
  one.orchestrator.end("same");
  await first.nextEvent("same", "turn-sealed");
  await first.next("conversation.open");
  await first.next("update");
  await extensions[0]?.deactivate();
  assert.is((await first.untilClosed()).code, 1012);
  other.orchestrator.say("same", ", still");
  other.orchestrator.end("same");
  await second.nextEvent("same", "turn-sealed");
  await second.barrier();
  assert.is(first.transcript("same").text, "of one");
  assert.is(second.transcript("same").text, "of other, still");
  assert.equal(second.unread("conversation.open"), []);
  assert.equal(second.unread("update"), []);
  assert.is(other.surface.subscriptions, 1);
  await extensions[1]?.deactivate();
});

test("deactivate leaves no handle, timer, listener or subscription behind, whatever was in progress", async () => {
  const before = resources();
  const { host, orchestrator, surface } = openHost();
  const extension = createTransportWsExtension();
  await extension.activate(host);
  const clients = await Promise.all(Array.from({ length: 5 }, () => connect(urlOf(host))));
  surface.invokeInstead = () => new Promise(() => {});
  for (const client of clients) {
    client.send({ type: "subscribe", surfaceId: "s" });
    await client.next("surface");
    client.send({ type: "chat.send", conversationId: "c", message: "x" });
    client.send({ type: "chat.subscribe", conversationId: "sealed" });
    client.send({ type: "invoke", surfaceId: "s", actionId: "hang" });
  }
  // A surface that is being built, a log that is kept, a turn in mid-stream, a connection that has sent nothing.
  surface.answersLater = true;
  surface.change("never answered");
  orchestrator.begin("sealed");
  orchestrator.end("sealed");
  orchestrator.say("c", "in ", "full ", "flow");
  const mute = await openPeer(urlOf(host));
  await Promise.all(clients.map((client) => client.barrier()));
  await eventually(() => surface.questions.length === 1, "the surface to be asked again");
  const { port } = new URL(urlOf(host));
  await extension.deactivate();
  assert.is(orchestrator.subscriptions(), 0);
  assert.is(surface.subscriptions, 0);
  assert.is(host.listenerCount, 0);
  for (const client of clients) assert.is((await client.untilClosed()).code, 1012);
  await mute.untilClosed();
  assert.is(resources(), before);
  await rejection(connect(`ws://127.0.0.1:${port}`));
  // Later calls from the host have no effect.
  orchestrator.emitRaw("c", { type: "text-delta", turnId: "t", delta: "late" });
  host.fire(hooks.opened, { conversationId: "c", workspaceId: "w" });
  surface.questions[0]?.resolve(surface.spec());
  assert.not.ok(host.lines.some((line) => line.level === "error"));
});

test("a later activate works in the same host and on the same port", async () => {
  const { host, orchestrator } = openHost();
  const extension = createTransportWsExtension();
  await extension.activate(host);
  const port = portOf(host);
  await extension.deactivate();
  host.settings.set("surfaceWsPort", port);
  for (let times = 0; times < 3; times++) {
    await extension.activate(host);
    using client = await connect(`ws://127.0.0.1:${port}`);
    client.send({ type: "chat.send", conversationId: `c${times}`, message: "x" });
    await client.barrier();
    orchestrator.say(`c${times}`, "served");
    await client.nextEvent(`c${times}`, "text-delta");
    await extension.deactivate();
  }
  assert.is(host.listenerCount, 0);
});

test("deactivate is harmless when inactive, and when repeated", async () => {
  const { host } = openHost();
  const extension = createTransportWsExtension();
  await extension.deactivate();
  await extension.activate(host);
  await Promise.all([extension.deactivate(), extension.deactivate()]);
  await extension.deactivate();
  assert.is(host.listenerCount, 0);
});

test("a second activate is refused while the first is active or under way, and starts nothing", async () => {
  const { host } = openHost();
  const extension = createTransportWsExtension();
  const first = extension.activate(host);
  assert.match((await rejection(extension.activate(host))).message, "transport-ws is active already");
  await first;
  assert.match((await rejection(extension.activate(host))).message, "deactivate it first");
  assert.is(host.said("transport-ws: surface WebSocket listening").length, 1);
  await extension.deactivate();
  assert.is(host.listenerCount, 0);
});

test("deactivate ends an activation that is under way, and an activate after it waits for its end", async () => {
  const before = resources();
  const { host } = openHost();
  const extension = createTransportWsExtension();
  const activating = extension.activate(host);
  const ending = extension.deactivate();
  const again = extension.activate(host);
  await Promise.all([activating, ending, again]);
  assert.is(host.listenerCount, 3);
  using client = await connect(urlOf(host));
  await client.next("catalog");
  await extension.deactivate();
  await client.untilClosed();
  assert.is(host.listenerCount, 0);
  assert.is(resources(), before);
});

test("on a port in use, activate rejects with a clear message and leaves nothing; a later activate works", async () => {
  const before = resources();
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(0, "127.0.0.1", resolve));
  const address = squatter.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { host, orchestrator } = openHost({ surfaceWsPort: port });
  const extension = createTransportWsExtension();
  const error = await rejection(extension.activate(host));
  assert.is(error.message, `127.0.0.1:${port} is in use: stop what listens there, or give another port`);
  assert.is(host.listenerCount, 0);
  assert.is(orchestrator.subscriptions(), 0);
  assert.equal(host.said("transport-ws: surface WebSocket listening"), []);
  await extension.deactivate();
  await within(new Promise((resolve) => squatter.close(resolve)), "the port to be free");
  await eventually(
    () => resources() === before,
    () => `left over: ${resources()}`,
  );
  await extension.activate(host);
  using client = await connect(`ws://127.0.0.1:${port}`);
  await client.next("catalog");
  await extension.deactivate();
});

test("without a setting the port is 24205 on 127.0.0.1", async () => {
  const asked: string[] = [];
  const { host } = openHost();
  const extension = createTransportWsExtension();
  const bare = Object.assign(host, { config: { get: (key: string) => void asked.push(key) } });
  try {
    await extension.activate(bare);
    assert.is(portOf(host), 24_205);
    using peer = await openUpgradedPeer("ws://127.0.0.1:24205");
    await peer.frame();
  } catch (error) {
    // Another process may use the port on this machine. The message then names the port.
    assert.match(String(error), "127.0.0.1:24205 is in use");
  }
  await extension.deactivate();
  assert.equal(asked.sort(), ["surfaceWsAllowedOrigins", "surfaceWsHost", "surfaceWsPort", "surfaceWsToken"]);
});

for (const [service, other] of [
  ["session-orchestrator/orchestrator", "surface-registry/registry"],
  ["surface-registry/registry", "session-orchestrator/orchestrator"],
]) {
  for (const missing of [undefined, null, 5, "service"]) {
    test(`activate names the service ${service} when the host has ${missing} for it`, async () => {
      const { host } = openHost();
      host.services.set(service ?? "", missing);
      assert.ok(host.services.has(other ?? ""));
      const error = await rejection(createTransportWsExtension().activate(host));
      assert.is(
        error.message,
        `transport-ws: the host has no service ${service}: load the extension that provides it first`,
      );
      assert.is(host.listenerCount, 0);
    });
  }
}

const wrong: [setting: string, value: unknown][] = [
  ["surfaceWsPort", "24205"],
  ["surfaceWsPort", -1],
  ["surfaceWsPort", 65_536],
  ["surfaceWsPort", 1.5],
  ["surfaceWsPort", Number.NaN],
  ["surfaceWsHost", ""],
  ["surfaceWsHost", 127],
  ["surfaceWsToken", ""],
  ["surfaceWsToken", 5],
  ["surfaceWsAllowedOrigins", "https://example.org"],
  ["surfaceWsAllowedOrigins", [5]],
  ["surfaceWsAllowedOrigins", ["example.org"]],
  ["surfaceWsAllowedOrigins", ["https://example.org/path"]],
];

for (const [setting, value] of wrong) {
  test(`a wrong setting is named: ${setting} ${JSON.stringify(value)}`, async () => {
    const { host } = openHost({ [setting]: value });
    const error = await rejection(createTransportWsExtension().activate(host));
    assert.match(error.message, `transport-ws: setting ${setting}`);
    assert.match(error.message, "is not usable: ");
    assert.is(host.listenerCount, 0);
    assert.equal(host.lines, []);
  });
}

test("a host that other machines can reach is refused without a token, with the remedy", async () => {
  const remedy = "set surfaceWsToken, or use 127.0.0.1";
  for (const surfaceWsHost of ["0.0.0.0", "::", "192.168.1.5", "example.org"]) {
    const { host } = openHost({ surfaceWsHost });
    const error = await rejection(createTransportWsExtension().activate(host));
    assert.is(
      error.message,
      `transport-ws: surfaceWsHost ${surfaceWsHost} can be reached from other machines: ${remedy}`,
    );
  }
  const { host } = openHost({ surfaceWsHost: "0.0.0.0", surfaceWsToken: "secret" });
  const extension = createTransportWsExtension();
  await extension.activate(host);
  using client = await connect(urlOf(host), { headers: { authorization: "Bearer secret" } });
  await client.next("catalog");
  await extension.deactivate();
});

test("loopback by any name needs no token", async () => {
  for (const surfaceWsHost of ["127.0.0.1", "localhost", "::1", "127.1.2.3"]) {
    const { host } = openHost({ surfaceWsHost });
    const extension = createTransportWsExtension();
    try {
      await extension.activate(host);
    } catch (error) {
      // A machine without IPv6 has no ::1.
      assert.is(surfaceWsHost, "::1", String(error));
    }
    await extension.deactivate();
  }
});

test("an address that is not this machine's is refused with a clear message", async () => {
  const { host } = openHost({ surfaceWsHost: "192.0.2.1", surfaceWsToken: "secret" });
  const error = await rejection(createTransportWsExtension().activate(host));
  assert.is(error.message, "192.0.2.1:0 is not an address of this machine: give another host");
  assert.is(host.listenerCount, 0);
});

test("a host that throws fails the activation, and nothing is left", async () => {
  const broken: [name: string, breakIt: (host: FakeHost) => void][] = [
    ["getService", (host) => Object.assign(host, { getService: boom })],
    ["config.get", (host) => Object.assign(host, { config: { get: boom } })],
    ["on", (host) => failsAtThird(host)],
  ];
  for (const [name, breakIt] of broken) {
    const before = resources();
    const { host } = openHost();
    breakIt(host);
    const error = await rejection(createTransportWsExtension().activate(host));
    assert.is(error.message, "the host is broken", name);
    assert.is(host.listenerCount, 0, name);
    assert.is(resources(), before, name);
  }
});

function boom(): never {
  throw new Error("the host is broken");
}

function failsAtThird(host: FakeHost): void {
  const on = host.on.bind(host);
  let times = 0;
  host.on = (hook, listener) => (++times === 3 ? boom() : on(hook, listener));
}

test("failing to unsubscribe from hooks causes log lines and delays nothing", async () => {
  const { host } = openHost();
  const offs = [boom, () => Promise.reject(new Error("asynchronous"))];
  host.on = () => offs.shift() ?? boom;
  const extension = createTransportWsExtension();
  await extension.activate(host);
  await extension.deactivate();
  assert.is(host.said("transport-ws: unsubscribing from a hook failed").length, 2);
});

const loggers: [name: string, logger: unknown][] = [
  ["is missing", undefined],
  ["has no methods", {}],
  ["has one method", { warn: () => {} }],
  ["throws", { debug: boom, info: boom, warn: boom, error: boom }],
  ["rejects", { debug: rejecting, info: rejecting, warn: rejecting, error: rejecting }],
];

function rejecting(): Promise<never> {
  return Promise.reject(new Error("the log is asynchronous"));
}

for (const [name, logger] of loggers) {
  test(`a logger that ${name} causes no failure`, async () => {
    const { host, orchestrator } = openHost({ surfaceWsPort: await freePort() });
    Object.assign(host, { logger });
    const extension = createTransportWsExtension();
    await extension.activate(host);
    using client = await connect(`ws://127.0.0.1:${String(host.settings.get("surfaceWsPort"))}`);
    client.send({ type: "chat.send", message: "" });
    await client.next("chat.error");
    client.send({ type: "chat.send", conversationId: "c", message: "x" });
    await client.barrier();
    orchestrator.say("c", "served");
    await client.nextEvent("c", "text-delta");
    await extension.deactivate();
    assert.is((await client.untilClosed()).code, 1012);
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

test("the registry may be the real one, which the host fills later", async () => {
  const { host } = openHost();
  const registry = createSurfaceRegistry();
  host.services.set("surface-registry/registry", registry);
  const extension = createTransportWsExtension();
  await extension.activate(host);
  using client = await connect(urlOf(host));
  assert.equal((await client.next("catalog"))["catalog"], []);
  await extension.deactivate();
});

test("a host can inspect the charts of an active extension only", async () => {
  const { host } = openHost();
  const extension = createTransportWsExtension();
  assert.throws(() => extension.inspect(() => {}), /await activate first, then inspect/);
  await extension.activate(host);
  const started: string[] = [];
  extension.inspect(({ type, chart }) => type === "actor.started" && started.push(chart), { chart: "connection" });
  const client = await connect(urlOf(host));
  await client.next("catalog");
  await client.close();
  await extension.deactivate();
  assert.equal(started, ["connection"]);
  assert.throws(() => extension.inspect(() => {}), /await activate first, then inspect/);
});

test.run();

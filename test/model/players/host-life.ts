// Plays the model of a host's life with the extension, loaded as a host would load it. After every step, the gateway's
// root must be in the state that the host may expect, and an inactive extension must have left nothing at any port.
import { createServer } from "node:net";
import * as assert from "uvu/assert";
import type { Gateway } from "../../../src/gateway/gateway.ts";
import { type Client, connect } from "../../support/client.ts";
import { within } from "../../support/deadline.ts";
import { portOf } from "../../support/gateway.ts";
import { hooks } from "../../support/host.ts";
import { openPeer } from "../../support/http-peer.ts";
import { limits } from "../../support/limits.ts";
import { rejection } from "../../support/rejection.ts";
import { asProvider, ScriptedSurface } from "../../support/scripted-surfaces.ts";
import type { Coverage } from "../coverage.ts";
import type { Implementation } from "../play.ts";
import { type Fixture, inFixture, services } from "./host-life/fixture.ts";
import { comesTo, rest, soon } from "./soon.ts";
import { conversationId } from "./stage.ts";

const newest = ({ gateways }: Fixture): Gateway => {
  const gateway = gateways.at(-1);
  if (!gateway) throw new Error("no gateway was made");
  return gateway;
};

/** Whether the newest gateway's root listens or has stopped; undefined without a gateway. */
function rootState(fixture: Fixture): unknown {
  const root = fixture.gateways.at(-1)?.root.getSnapshot();
  return root?.matches({ up: { service: "listening" } }) ? "listening" : root?.value;
}

/** The error that each obstacle causes for the host: what is wrong, where, and the remedy. */
const complaints: Record<string, RegExp> = {
  portTaken: /is in use: stop what listens there, or give another port/,
  settingWrong: /setting surfaceWsAllowedOrigins\.0 is not usable/,
  serviceMissing: /the host has no service session-orchestrator\/orchestrator: load the extension/,
};

async function activates(fixture: Fixture): Promise<void> {
  await within(fixture.extension.activate(fixture.host), "the extension to be activated");
}

/** Deactivates the extension. The guest receives `server.draining` and a close with 1012, and is not cut off. */
async function deactivates(fixture: Fixture, deactivate: () => Promise<unknown>): Promise<void> {
  const { guest, orchestrator } = fixture;
  const port = portOf(fixture.host);
  if (guest) await watchesATurn(fixture, guest);
  await within(deactivate(), "the extension to be deactivated");
  if (guest) {
    assert.equal(await guest.next("server.draining"), {
      type: "server.draining",
      deadlineMs: 0,
      reconnectAfterMs: limits.reconnectAfterMs,
    });
    assert.equal(await guest.untilClosed(), { code: 1012, reason: "server restarting" });
  }
  fixture.guest = undefined;
  assert.is(orchestrator.subscriptions(outlasting), 0, "nobody listens any more to the turn that goes on");
  if (orchestrator.running.has(outlasting)) orchestrator.end(outlasting);
  if (portOf(fixture.host) === port) await assertNobodyListens(fixture);
}

const outlasting = "outlasting";

/** The host's turns go on without the extension, which must stop listening to them. */
async function watchesATurn({ orchestrator }: Fixture, guest: Client): Promise<void> {
  if (orchestrator.instead.subscribe) return;
  guest.send({ type: "chat.subscribe", conversationId: outlasting });
  await guest.barrier();
  orchestrator.begin(outlasting);
  orchestrator.emit(outlasting, { type: "user-message", text: "?" }, { type: "turn-start" });
  await guest.next("chat.delta");
}

async function assertNobodyListens({ host }: Fixture): Promise<void> {
  const refused = await rejection(openPeer(`ws://127.0.0.1:${portOf(host)}`));
  assert.match(refused.message, "ECONNREFUSED");
}

/** Asserts that nothing of turnwire is left in the host. */
async function isInactive(fixture: Fixture): Promise<void> {
  const { host, orchestrator, registry, afterwards } = fixture;
  await rest();
  assert.is(rootState(fixture), afterwards, "the newest gateway's root");
  assert.is(fixture.gateways.at(-1)?.connections.size ?? 0, 0);
  assert.equal(
    { hooks: host.listenerCount, turns: orchestrator.subscriptions(), registry: registry.listeners },
    { hooks: 0, turns: 0, registry: 0 },
    "what is left behind at the host's ports",
  );
}

async function isActive(fixture: Fixture): Promise<void> {
  await comesTo(() => rootState(fixture), "listening", "the gateway's root");
  assert.is(fixture.host.listenerCount, 3, "the extension listens to the three hooks, once each");
  const { services: offered } = fixture.host;
  assert.is(fixture.registry.listeners, offered.get(services.registry) === fixture.registry ? 1 : 0);
}

/** Asserts that activation is refused with an error that names the obstacle, and that it has started nothing. */
const isObstructedBy = (name: string) => async (fixture: Fixture) => {
  fixture.isObstructed = true;
  const madeBefore = fixture.gateways.length;
  const { message } = await rejection(fixture.extension.activate(fixture.host));
  assert.match(message, complaints[name] ?? "");
  // A wrong setting or a missing service is found before a gateway is made.
  assert.is(fixture.gateways.length - madeBefore, name === "portTaken" ? 1 : 0);
  if (name === "portTaken") fixture.afterwards = "stopped";
  await isInactive(fixture);
};

async function asksAndIsAnswered({ host, orchestrator }: Fixture, guest: Client): Promise<void> {
  const accepted = host.said("transport-ws: chat.send accepted").length;
  guest.send({ type: "chat.send", conversationId, message: "?" });
  await soon(() => orchestrator.running.has(conversationId), "the turn to be started");
  orchestrator.say(conversationId, "yes");
  orchestrator.end(conversationId);
  await guest.nextEvent(conversationId, { type: "text-delta", delta: "yes" });
  await guest.nextEvent(conversationId, "turn-sealed");
  assert.is(host.said("transport-ws: chat.send accepted").length, accepted + 1);
  guest.send({ type: "chat.unsubscribe", conversationId });
  await guest.barrier();
}

/** The turn fails and is over without an end; the gateway ends it in the host's place. */
async function followsADyingTurn({ host, orchestrator }: Fixture, guest: Client): Promise<void> {
  guest.send({ type: "chat.send", conversationId, message: "?" });
  await soon(() => orchestrator.running.has(conversationId), "the turn to be started");
  orchestrator.emit(conversationId, { type: "error", message: "out of order" });
  orchestrator.running.delete(conversationId);
  host.fire(hooks.statusChanged, { conversationId, status: "idle", workspaceId: "w" });
  await guest.nextEvent(conversationId, { type: "done", reason: "error" });
  await guest.nextEvent(conversationId, "turn-sealed");
  await guest.next("conversation.statusChanged");
  guest.send({ type: "chat.unsubscribe", conversationId });
  await guest.barrier();
}

/** The orchestrator throws in `subscribe`, then in `startTurn`: each request fails, and the guest gets an error. */
async function asksInVain({ orchestrator }: Fixture, guest: Client): Promise<void> {
  const { subscribe, startTurn } = orchestrator.instead;
  delete orchestrator.instead.startTurn;
  guest.send({ type: "chat.send", conversationId, message: "?" });
  const unwatchable = "this conversation cannot be watched now, try again";
  assert.equal(await guest.next("chat.error"), { type: "chat.error", conversationId, message: unwatchable });
  delete orchestrator.instead.subscribe;
  if (startTurn) orchestrator.instead.startTurn = startTurn;
  guest.send({ type: "chat.send", conversationId, message: "?" });
  assert.equal(await guest.next("chat.error"), { type: "chat.error", conversationId, message: "out of order" });
  if (subscribe) orchestrator.instead.subscribe = subscribe;
}

const outOfOrder = (): never => {
  throw new Error("out of order");
};

/** The host's hooks, a payload for each, and the type of the message that reaches the guest. */
const broadcast = [
  [hooks.opened, { conversationId, workspaceId: "w" }, "conversation.open"],
  [hooks.statusChanged, { conversationId, status: "active", workspaceId: "w" }, "conversation.statusChanged"],
  [
    hooks.compacted,
    { conversationId, newConversationId: "d", messagesSummarized: 3, messagesKept: 2 },
    "conversation.compacted",
  ],
] as const;

/** Play only one path at a time: the fixture attributes every new gateway to the path that is running. */
export function hostLifePlayer(coverage: Coverage): Implementation<Fixture> {
  const nothing = (): void => {};
  return {
    inFixture: (run) => inFixture(coverage, run),

    states: {
      "extension.inactive": isInactive,
      "extension.active": isActive,
      "way.free": (fixture) => {
        fixture.isObstructed = false;
      },
      "way.portTaken": isObstructedBy("portTaken"),
      "way.settingWrong": isObstructedBy("settingWrong"),
      "way.serviceMissing": isObstructedBy("serviceMissing"),
      "registry.announcing": nothing,
      "registry.mute": ({ registry }) => assert.is(registry.listeners, 0),
      "orchestrator.well": ({ orchestrator }) => assert.equal(orchestrator.instead, {}),
      "orchestrator.broken": ({ orchestrator }) => assert.not.equal(orchestrator.instead, {}),
      "guest.none": async (fixture) => {
        if (fixture.gateways.length > 0)
          await comesTo(() => newest(fixture).connections.size, 0, "sockets of the gateway");
      },
      "guest.connected": async (fixture) => {
        const { guest } = fixture;
        await guest?.barrier();
        const values = [...newest(fixture).connections.all()].map(({ actor }) => actor?.getSnapshot().value);
        assert.equal(values, [{ open: { flow: "flowing", chatTurn: "quiet" } }]);
      },
    },

    events: {
      "host.activates": async (fixture) => {
        if (fixture.isObstructed) {
          await rejection(fixture.extension.activate(fixture.host));
          return;
        }
        const isActiveAlready = rootState(fixture) === "listening";
        if (!isActiveAlready) await activates(fixture);
        else assert.match((await rejection(fixture.extension.activate(fixture.host))).message, "deactivate it first");
        fixture.afterwards = "stopped";
      },
      "host.deactivates": async (fixture) => {
        if (rootState(fixture) === "listening") await deactivates(fixture, () => fixture.extension.deactivate());
        else await within(fixture.extension.deactivate(), "a deactivation of what is not active");
      },
      "host.restarts": (fixture) =>
        deactivates(fixture, () => {
          const gone = fixture.extension.deactivate();
          return Promise.all([gone, fixture.extension.activate(fixture.host)]);
        }),
      "host.changesItsMind": async (fixture) => {
        const activation = fixture.extension.activate(fixture.host).then(
          () => "activated",
          () => "refused",
        );
        await within(fixture.extension.deactivate(), "the activation that is under way to be undone");
        assert.is(await activation, fixture.isObstructed ? "refused" : "activated");
        if (fixture.isObstructed) return;
        fixture.afterwards = "stopped";
        await assertNobodyListens(fixture);
      },
      "port.isTaken": async (fixture) => {
        const squatter = createServer();
        const { promise, resolve } = Promise.withResolvers<void>();
        squatter.listen(0, "127.0.0.1", resolve);
        await within(promise, "a port to be taken");
        const address = squatter.address();
        fixture.squatter = squatter;
        fixture.host.settings.set("surfaceWsPort", typeof address === "object" && address ? address.port : 0);
      },
      "setting.isWrong": ({ host }) => host.settings.set("surfaceWsAllowedOrigins", ["no origin"]),
      "service.isMissing": ({ host }) => host.services.delete(services.orchestrator),
      "obstacle.isRemoved": (fixture) => {
        fixture.squatter?.close();
        fixture.squatter = undefined;
        fixture.host.settings.set("surfaceWsPort", 0);
        fixture.host.settings.delete("surfaceWsAllowedOrigins");
        fixture.host.services.set(services.orchestrator, fixture.orchestrator);
      },
      "registry.fallsMute": ({ host, registry }) => {
        const { subscribe: _, ...mute } = registry;
        host.services.set(services.registry, mute);
      },
      "orchestrator.breaks": ({ orchestrator }) => {
        orchestrator.instead.subscribe = outOfOrder;
        orchestrator.instead.startTurn = outOfOrder;
      },
      "orchestrator.mends": ({ orchestrator }) => {
        delete orchestrator.instead.subscribe;
        delete orchestrator.instead.startTurn;
      },
      "guest.comes": async (fixture) => {
        fixture.guest = await connect(`ws://127.0.0.1:${portOf(fixture.host)}`);
        const { catalog } = await fixture.guest.next("catalog");
        assert.is(Array.isArray(catalog) ? catalog.length : 0, fixture.surfaces, "the surfaces in the catalog");
      },
      "guest.goes": async (fixture) => {
        await fixture.guest?.close();
        fixture.guest = undefined;
      },
      "guest.asks": async (fixture) => {
        const { guest, orchestrator } = fixture;
        if (!guest) throw new Error("there is no guest");
        if (orchestrator.instead.startTurn) await asksInVain(fixture, guest);
        else await asksAndIsAnswered(fixture, guest);
      },
      "turn.dies": async (fixture) => {
        if (fixture.guest && !fixture.orchestrator.instead.startTurn) await followsADyingTurn(fixture, fixture.guest);
      },
      "broadcast.come": async ({ host, guest }) => {
        for (const [hook, payload, type] of broadcast) {
          host.fire(hook, payload);
          if (guest) assert.equal(await guest.next(type), { type, ...payload });
        }
      },
      "nonsense.comes": async ({ host, guest }) => {
        const dropped = host.said("transport-ws: a hook's payload was dropped").length;
        for (const [hook] of broadcast) host.fire(hook, { conversationId: 7 });
        assert.is(host.said("transport-ws: a hook's payload was dropped").length, dropped + broadcast.length);
        if (!guest) return;
        await guest.barrier();
        await rest();
        assert.equal(guest.unread(), []);
      },
      "catalog.changes": async (fixture) => {
        const { guest, clock, registry } = fixture;
        registry.register(asProvider(new ScriptedSurface(`s${++fixture.surfaces}`)));
        if (!guest) return;
        // A mute registry is polled once a second.
        const isMute = fixture.host.services.get(services.registry) !== registry;
        for (let polls = 0; isMute && guest.unread("catalog").length === 0 && polls < 10; polls++) {
          clock.leap(1_001);
          await guest.barrier();
          await rest(20);
        }
        const { catalog } = await guest.next("catalog");
        assert.is(Array.isArray(catalog) ? catalog.length : 0, fixture.surfaces);
      },
    },
  };
}

// Plays the model of a host's life with the extension as a host would load it. After every step the gateway's own root
// is in the state that the host may expect, and whatever is inactive has left nothing behind at any port.
import { createServer } from "node:net";
import * as assert from "uvu/assert";
import type { Gateway } from "../../../src/gateway/gateway.ts";
import { limits } from "../../../src/limits.ts";
import { type Client, connect } from "../../support/client.ts";
import { within } from "../../support/deadline.ts";
import { portOf } from "../../support/gateway.ts";
import { hooks } from "../../support/host.ts";
import { openPeer } from "../../support/http-peer.ts";
import { rejection } from "../../support/rejection.ts";
import { asProvider, ScriptedSurface } from "../../support/scripted-surfaces.ts";
import type { Coverage } from "../coverage.ts";
import type { Implementation } from "../play.ts";
import { type House, inHouse, services } from "./host-life/house.ts";
import { comesTo, rest, soon } from "./soon.ts";
import { conversationId } from "./stage.ts";

const newest = ({ gateways }: House): Gateway => {
  const gateway = gateways.at(-1);
  if (!gateway) throw new Error("no gateway was made");
  return gateway;
};

const rootValue = (house: House): unknown => house.gateways.at(-1)?.root.getSnapshot().value;

/** What an obstacle makes the host hear: what is wrong, where, and the remedy. */
const complaints: Record<string, RegExp> = {
  portTaken: /is in use: stop what listens there, or give another port/,
  settingWrong: /setting surfaceWsAllowedOrigins\.0 is not usable/,
  serviceMissing: /the host has no service session-orchestrator\/orchestrator: load the extension/,
};

async function activates(house: House): Promise<void> {
  await within(house.extension.activate(house.host), "the extension to be activated");
}

/** The guest is told that the server restarts, and is not cut off. */
async function deactivates(house: House, deactivate: () => Promise<unknown>): Promise<void> {
  const { guest } = house;
  const port = portOf(house.host);
  await within(deactivate(), "the extension to be deactivated");
  if (guest) {
    assert.equal(await guest.next("server.draining"), {
      type: "server.draining",
      deadlineMs: 0,
      reconnectAfterMs: limits.reconnectAfterMs,
    });
    assert.equal(await guest.untilClosed(), { code: 1012, reason: "server restarting" });
  }
  house.guest = undefined;
  if (portOf(house.host) === port) await assertNobodyListens(house);
}

async function assertNobodyListens({ host }: House): Promise<void> {
  const refused = await rejection(openPeer(`ws://127.0.0.1:${portOf(host)}`));
  assert.match(refused.message, "ECONNREFUSED");
}

/** Whatever happened: nothing of turnwire is left in the host. */
async function isInactive(house: House): Promise<void> {
  const { host, orchestrator, registry, afterwards } = house;
  await rest();
  assert.is(rootValue(house), afterwards, "the newest gateway's root");
  assert.is(house.gateways.at(-1)?.connections.size ?? 0, 0);
  assert.equal(
    { hooks: host.listenerCount, turns: orchestrator.subscriptions(), registry: registry.listeners },
    { hooks: 0, turns: 0, registry: 0 },
    "what is left behind at the host's ports",
  );
}

async function isActive(house: House): Promise<void> {
  await comesTo(() => rootValue(house), "listening", "the gateway's root");
  assert.is(house.host.listenerCount, 3, "it listens to the three hooks, once each");
  const { services: offered } = house.host;
  assert.is(house.registry.listeners, offered.get(services.registry) === house.registry ? 1 : 0);
}

/** Activating is refused in words that name what is in the way; nothing has begun. */
const isObstructedBy = (name: string) => async (house: House) => {
  house.isObstructed = true;
  const madeBefore = house.gateways.length;
  const { message } = await rejection(house.extension.activate(house.host));
  assert.match(message, complaints[name] ?? "");
  // What is wrong with settings and services is found before a gateway is made.
  assert.is(house.gateways.length - madeBefore, name === "portTaken" ? 1 : 0);
  if (name === "portTaken") house.afterwards = "failed";
  await isInactive(house);
};

async function asksAndIsAnswered({ host, orchestrator }: House, guest: Client): Promise<void> {
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

/** The orchestrator throws in one call and then in another: each costs the request, and the words reach the guest. */
async function asksInVain({ orchestrator }: House, guest: Client): Promise<void> {
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

/** What is told of a host's news, and what of it reaches a guest. */
const news = [
  [hooks.opened, { conversationId, workspaceId: "w" }, "conversation.open"],
  [hooks.statusChanged, { conversationId, status: "active", workspaceId: "w" }, "conversation.statusChanged"],
  [
    hooks.compacted,
    { conversationId, newConversationId: "d", messagesSummarized: 3, messagesKept: 2 },
    "conversation.compacted",
  ],
] as const;

/** Must be played one path at a time: the gateways that are met belong to whatever path is under way. */
export function hostLifePlayer(coverage: Coverage): Implementation<House> {
  const nothing = (): void => {};
  return {
    inHouse: (run) => inHouse(coverage, run),

    states: {
      "extension.inactive": isInactive,
      "extension.active": isActive,
      "way.free": (house) => {
        house.isObstructed = false;
      },
      "way.portTaken": isObstructedBy("portTaken"),
      "way.settingWrong": isObstructedBy("settingWrong"),
      "way.serviceMissing": isObstructedBy("serviceMissing"),
      "registry.announcing": nothing,
      "registry.mute": ({ registry }) => assert.is(registry.listeners, 0),
      "orchestrator.well": ({ orchestrator }) => assert.equal(orchestrator.instead, {}),
      "orchestrator.broken": ({ orchestrator }) => assert.not.equal(orchestrator.instead, {}),
      "guest.none": async (house) => {
        if (house.gateways.length > 0) await comesTo(() => newest(house).connections.size, 0, "sockets of the gateway");
      },
      "guest.connected": async (house) => {
        const { guest } = house;
        await guest?.barrier();
        const values = [...newest(house).connections.all()].map(({ actor }) => actor?.getSnapshot().value);
        assert.equal(values, [{ open: { flow: "flowing", subscription: "none", chatTurn: "quiet" } }]);
      },
    },

    events: {
      "host.activates": async (house) => {
        if (house.isObstructed) {
          await rejection(house.extension.activate(house.host));
          return;
        }
        const isActiveAlready = rootValue(house) === "listening";
        if (!isActiveAlready) await activates(house);
        else assert.match((await rejection(house.extension.activate(house.host))).message, "deactivate it first");
        house.afterwards = "stopped";
      },
      "host.deactivates": async (house) => {
        if (rootValue(house) === "listening") await deactivates(house, () => house.extension.deactivate());
        else await within(house.extension.deactivate(), "a deactivation of what is not active");
      },
      "host.restarts": (house) =>
        deactivates(house, () => {
          const gone = house.extension.deactivate();
          return Promise.all([gone, house.extension.activate(house.host)]);
        }),
      "host.changesItsMind": async (house) => {
        const activation = house.extension.activate(house.host).then(
          () => "activated",
          () => "refused",
        );
        await within(house.extension.deactivate(), "the activation that is under way to be undone");
        assert.is(await activation, house.isObstructed ? "refused" : "activated");
        if (house.isObstructed) return;
        house.afterwards = "stopped";
        await assertNobodyListens(house);
      },
      "port.isTaken": async (house) => {
        const squatter = createServer();
        const { promise, resolve } = Promise.withResolvers<void>();
        squatter.listen(0, "127.0.0.1", resolve);
        await within(promise, "a port to be taken");
        const address = squatter.address();
        house.squatter = squatter;
        house.host.settings.set("surfaceWsPort", typeof address === "object" && address ? address.port : 0);
      },
      "setting.isWrong": ({ host }) => host.settings.set("surfaceWsAllowedOrigins", ["no origin"]),
      "service.isMissing": ({ host }) => host.services.delete(services.orchestrator),
      "obstacle.isRemoved": (house) => {
        house.squatter?.close();
        house.squatter = undefined;
        house.host.settings.set("surfaceWsPort", 0);
        house.host.settings.delete("surfaceWsAllowedOrigins");
        house.host.services.set(services.orchestrator, house.orchestrator);
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
      "guest.comes": async (house) => {
        house.guest = await connect(`ws://127.0.0.1:${portOf(house.host)}`);
        const { catalog } = await house.guest.next("catalog");
        assert.is(Array.isArray(catalog) ? catalog.length : 0, house.surfaces, "the catalog as it is now");
      },
      "guest.goes": async (house) => {
        await house.guest?.close();
        house.guest = undefined;
      },
      "guest.asks": async (house) => {
        const { guest, orchestrator } = house;
        if (!guest) throw new Error("there is no guest");
        if (orchestrator.instead.startTurn) await asksInVain(house, guest);
        else await asksAndIsAnswered(house, guest);
      },
      "news.come": async ({ host, guest }) => {
        for (const [hook, payload, type] of news) {
          host.fire(hook, payload);
          if (guest) assert.equal(await guest.next(type), { type, ...payload });
        }
      },
      "nonsense.comes": async ({ host, guest }) => {
        const dropped = host.said("transport-ws: a hook's payload was dropped").length;
        for (const [hook] of news) host.fire(hook, { conversationId: 7 });
        assert.is(host.said("transport-ws: a hook's payload was dropped").length, dropped + news.length);
        if (!guest) return;
        await guest.barrier();
        await rest();
        assert.equal(guest.unread(), []);
      },
      "catalog.changes": async (house) => {
        const { guest, clock, registry } = house;
        registry.register(asProvider(new ScriptedSurface(`s${++house.surfaces}`)));
        if (!guest) return;
        // A mute registry is asked once a second.
        const isMute = house.host.services.get(services.registry) !== registry;
        for (let polls = 0; isMute && guest.unread("catalog").length === 0 && polls < 10; polls++) {
          clock.leap(1_001);
          await guest.barrier();
          await rest(20);
        }
        const { catalog } = await guest.next("catalog");
        assert.is(Array.isArray(catalog) ? catalog.length : 0, house.surfaces);
      },
    },
  };
}

// The page's socket reconnects: not too often, at once when there is a reason, and never when the server forbids it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createConnectionView } from "../../src/page/connection-view.js";
import { ApiError } from "../../src/page/http.js";
import {
  createWire,
  type Received,
  type SocketListener,
  type Wire,
  type WireOptions,
  type WireState,
} from "../../src/page/wire.js";
import type { ChatSubscribe } from "../../src/protocol/chat-subscribe.ts";
import type { UpdateMessage } from "../../src/protocol/server-message.ts";
import { SimulatedPageClock } from "../support/page-clock.ts";

/** The other end of a socket, controlled by the test. */
class Peer {
  readonly listener: SocketListener;
  readonly sent: { type: string }[] = [];
  readonly protocols: string[];
  isClosed = false;

  constructor(protocols: string[], listener: SocketListener) {
    this.protocols = protocols;
    this.listener = listener;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.isClosed = true;
  }

  say(message: Received): void {
    this.listener.message(JSON.stringify(message));
  }

  cut(code = 1006, reason = ""): void {
    this.listener.closed(code, reason);
  }
}

interface Bench {
  wire: Wire;
  clock: SimulatedPageClock;
  peers: Peer[];
  told: string[];
  state(): WireState;
  peer(): Peer;
  /** Runs pending promise callbacks. */
  settle(): Promise<void>;
  open(): Promise<Peer>;
}

function bench(overrides: Partial<WireOptions> = {}): Bench {
  const clock = new SimulatedPageClock();
  const peers: Peer[] = [];
  const told: string[] = [];
  let state: WireState = { name: "stopped" };
  const wire = createWire({
    clock,
    open(protocols, listener) {
      const peer = new Peer(protocols, listener);
      peers.push(peer);
      return peer;
    },
    protocols: () => Promise.resolve(["turnwire.base"]),
    onState(next) {
      state = next;
      told.push(next.name);
    },
    onOpen: () => told.push("opened"),
    onMessage: (message) => told.push(message.type),
    onLost: () => told.push("lost"),
    ...overrides,
  });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  };
  const peer = (): Peer => {
    const last = peers.at(-1);
    assert.ok(last, "a socket was opened");
    return last;
  };
  const open = async (): Promise<Peer> => {
    wire.start();
    await settle();
    peer().listener.opened();
    return peer();
  };
  return { wire, clock, peers, told, state: () => state, peer, settle, open };
}

const wire = suite("page/wire");

const subscribe: ChatSubscribe = { type: "chat.subscribe", conversationId: "c" };
const update: UpdateMessage = {
  type: "update",
  update: { surfaceId: "s", spec: { id: "s", region: "r", title: "t", fields: [] } },
};
/** The wire's state while it waits for a reconnection. */
const waiting = (state: WireState) => (state.name === "waiting" ? state : { untilMs: Number.NaN, why: state.name });

wire("an open socket is live, and its messages are passed on", async () => {
  const { wire: it, told, open } = bench();
  assert.not(it.send({ type: "ping" }));
  const peer = await open();
  assert.equal(peer.protocols, ["turnwire.base"]);
  peer.say({ type: "catalog", catalog: [] });
  assert.ok(it.send(subscribe));
  assert.equal(peer.sent, [subscribe]);
  assert.equal(told, ["connecting", "live", "opened", "catalog"]);
});

wire("a lost socket reconnects after a growing delay, which is reset once a socket has lived", async () => {
  const { clock, peers, peer, settle, open, state } = bench();
  (await open()).cut();
  for (const delayMs of [375, 750, 1_500]) {
    assert.is(state().name, "waiting");
    assert.is(waiting(state()).untilMs - clock.wall(), delayMs);
    const before = peers.length;
    clock.advance(delayMs - 1);
    await settle();
    assert.is(peers.length, before);
    clock.advance(1);
    await settle();
    assert.is(peers.length, before + 1);
    peer().cut();
  }
  clock.advance(3_000);
  await settle();
  peer().listener.opened();
  clock.advance(6_000);
  peer().cut();
  assert.is(waiting(state()).untilMs - clock.wall(), 375);
});

wire("the reconnection delay of a draining server is respected", async () => {
  const { wire: it, clock, told, open, state } = bench();
  const peer = await open();
  peer.say({ type: "server.draining", deadlineMs: 10_000, reconnectAfterMs: 2_000 });
  assert.is(state().name, "draining");
  assert.ok(it.send({ type: "chat.cancel", conversationId: "c" }));
  peer.cut(1012, "server restarting");
  assert.is(waiting(state()).untilMs - clock.wall(), 2_250);
  assert.is(waiting(state()).why, "server restarting");
  assert.ok(told.includes("lost"));
});

wire("a close code from 4500 on is final, until the user asks to connect", async () => {
  const { wire: it, clock, peers, settle, open, state } = bench();
  (await open()).cut(4501, "not authorised");
  assert.is(state().name, "ended");
  assert.is(clock.pending, 0);
  it.nudge();
  await settle();
  assert.is(peers.length, 1);
  it.connectNow();
  await settle();
  assert.is(peers.length, 2);
});

wire("the wait for a reconnection ends at once when the tab becomes visible", async () => {
  const { wire: it, peers, settle, open } = bench();
  (await open()).cut();
  it.nudge();
  await settle();
  assert.is(peers.length, 2);
});

wire("a socket that does not answer a ping is closed", async () => {
  const { wire: it, clock, open, state } = bench();
  const peer = await open();
  it.nudge();
  assert.equal(peer.sent, [{ type: "ping" }]);
  clock.advance(8_000);
  assert.is(state().name, "waiting");
  assert.ok(peer.isClosed);
});

wire("a quiet socket gets a ping, and stays open if it answers", async () => {
  const { clock, open, state } = bench();
  const peer = await open();
  clock.advance(24_000);
  peer.say(update);
  clock.advance(24_999);
  assert.equal(peer.sent, []);
  clock.advance(1);
  assert.equal(peer.sent, [{ type: "ping" }]);
  clock.advance(10);
  peer.say({ type: "pong" });
  clock.advance(20_000);
  assert.is(state().name, "live");
});

/** Sets the wall clock back, as a person or a time server may. */
const setBack = (clock: SimulatedPageClock): void => clock.set(clock.wall() - 2 * 3_600_000);

wire("a dead line is noticed as soon as ever when the wall clock is set back by two hours", async () => {
  const { clock, open, state } = bench();
  const peer = await open();
  clock.advance(1_000);
  peer.say(update);
  setBack(clock);
  clock.advance(25_000);
  assert.equal(peer.sent, [{ type: "ping" }]);
  clock.advance(8_000);
  assert.is(state().name, "waiting");
  assert.ok(peer.isClosed);
});

wire("a socket that has lived is a success, though the wall clock was set back meanwhile", async () => {
  const { clock, peer, settle, open, state } = bench();
  (await open()).cut();
  clock.advance(375);
  await settle();
  peer().listener.opened();
  clock.advance(6_000);
  setBack(clock);
  peer().cut();
  assert.is(waiting(state()).untilMs - clock.wall(), 375, "the first delay, not the second");
});

wire("the countdown to the next attempt goes on when the wall clock is set back", () => {
  const clock = new SimulatedPageClock();
  const element = () => ({ className: "", hidden: false, title: "", textContent: "" }) as HTMLElement;
  const text = element();
  const view = createConnectionView({ dot: element(), text, now: element(), banner: element(), clock });
  view.show({ name: "waiting", untilMs: clock.wall() + 5_000, why: "gone" });
  assert.is(text.textContent, "Reconnecting in 5 s");
  setBack(clock);
  clock.advance(2_000);
  assert.is(text.textContent, "Reconnecting in 3 s");
  view.show({ name: "live" });
  assert.is(clock.pending, 0);
});

wire("a server that never answers the upgrade is retried", async () => {
  const { wire: it, clock, settle, state } = bench();
  it.start();
  await settle();
  clock.advance(10_000);
  assert.is(state().name, "waiting");
});

wire("a barrier resolves with true when the server has answered, and with false when the socket is lost", async () => {
  const { wire: it, open } = bench();
  assert.is(await it.barrier(), false);
  const peer = await open();
  const first = it.barrier();
  const second = it.barrier();
  peer.say({ type: "pong" });
  assert.is(await first, true);
  peer.cut();
  assert.is(await second, false);
});

wire("without the right token the wire waits for one; other failures are retried when the server says", async () => {
  let failure: ApiError | undefined = new ApiError(401, "no token");
  const asked: boolean[] = [];
  const {
    wire: it,
    clock,
    peers,
    settle,
    told,
    state,
  } = bench({
    protocols(lastFailed) {
      asked.push(lastFailed);
      return failure ? Promise.reject(failure) : Promise.resolve(["turnwire.base", "turnwire.ticket.t"]);
    },
  });
  it.start();
  await settle();
  assert.is(state().name, "locked");
  assert.is(clock.pending, 0);
  failure = new ApiError(503, "full", 7_000);
  it.connectNow();
  await settle();
  assert.is(waiting(state()).untilMs - clock.wall(), 7_000);
  failure = undefined;
  clock.advance(7_000);
  await settle();
  assert.equal(peers[0]?.protocols, ["turnwire.base", "turnwire.ticket.t"]);
  peers[0]?.cut();
  clock.advance(60_000);
  await settle();
  assert.equal(asked, [false, false, false, true]);
  assert.ok(told.includes("locked"));
});

wire("a replaced socket has no effect any more", async () => {
  const { wire: it, told, peers, settle, open, state } = bench();
  const old = await open();
  old.cut();
  it.connectNow();
  await settle();
  const count = told.length;
  old.listener.opened();
  old.say(update);
  old.cut(4501);
  assert.is(told.length, count);
  it.connectNow();
  await settle();
  peers.at(-1)?.listener.opened();
  it.connectNow();
  assert.is(state().name, "live");
});

wire.run();

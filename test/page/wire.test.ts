// The page's socket: it comes back, not too often, at once when there is reason to, and not at all when told so.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createWire, SimulatedPageClock, type Wire, type WireOptions } from "../support/page-modules.ts";

/** A WebSocket as the page uses it, moved by the test. */
class Peer {
  onopen = (): void => {};
  onmessage = (_message: { data: string }): void => {};
  onclose = (_close: { code: number; reason: string }): void => {};
  readonly sent: { type: string }[] = [];
  readonly protocols: string[];
  isClosed = false;

  constructor(protocols: string[]) {
    this.protocols = protocols;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.isClosed = true;
  }

  say(message: object): void {
    this.onmessage({ data: JSON.stringify(message) });
  }
}

interface Bench {
  wire: Wire;
  clock: SimulatedPageClock;
  peers: Peer[];
  told: string[];
  peer(): Peer;
  /** Lets promises run. */
  settle(): Promise<void>;
  open(): Promise<Peer>;
}

function bench(overrides: Partial<WireOptions> = {}): Bench {
  const clock = new SimulatedPageClock();
  const peers: Peer[] = [];
  const told: string[] = [];
  const wire = createWire({
    clock,
    open(protocols) {
      const peer = new Peer(protocols);
      peers.push(peer);
      return peer;
    },
    protocols: () => Promise.resolve(["turnwire.base"]),
    onState: (state) => told.push(state.name),
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
    peer().onopen();
    return peer();
  };
  return { wire, clock, peers, told, peer, settle, open };
}

const wire = suite("page/wire");

wire("an open socket is live, and what it says is passed on", async () => {
  const { wire: it, told, open } = bench();
  assert.not(it.send({ type: "early" }));
  const peer = await open();
  assert.equal(peer.protocols, ["turnwire.base"]);
  peer.say({ type: "catalog", catalog: [] });
  assert.ok(it.send({ type: "chat.subscribe" }));
  assert.equal(peer.sent, [{ type: "chat.subscribe" }]);
  assert.equal(told, ["connecting", "live", "opened", "catalog"]);
});

wire("a lost socket comes back after a delay that grows, and shrinks again once one has lived", async () => {
  const { wire: it, clock, peers, peer, settle, open } = bench();
  (await open()).onclose({ code: 1006, reason: "" });
  for (const delayMs of [375, 750, 1_500]) {
    assert.is(it.state.name, "waiting");
    assert.is((it.state.untilMs ?? 0) - clock.wall(), delayMs);
    const before = peers.length;
    clock.advance(delayMs - 1);
    await settle();
    assert.is(peers.length, before);
    clock.advance(1);
    await settle();
    assert.is(peers.length, before + 1);
    peer().onclose({ code: 1006, reason: "" });
  }
  clock.advance(3_000);
  await settle();
  peer().onopen();
  clock.advance(6_000);
  peer().onclose({ code: 1006, reason: "" });
  assert.is((it.state.untilMs ?? 0) - clock.wall(), 375);
});

wire("a server that drains is believed about when to come back", async () => {
  const { wire: it, clock, told, open } = bench();
  const peer = await open();
  peer.say({ type: "server.draining", deadlineMs: 10_000, reconnectAfterMs: 2_000 });
  assert.is(it.state.name, "draining");
  assert.ok(it.send({ type: "chat.cancel" }));
  peer.onclose({ code: 1012, reason: "server restarting" });
  assert.is((it.state.untilMs ?? 0) - clock.wall(), 2_250);
  assert.is(it.state.why, "the server is restarting");
  assert.ok(told.includes("lost"));
});

wire("a close code from 4500 on is final, until the reader wishes otherwise", async () => {
  const { wire: it, clock, peers, settle, open } = bench();
  (await open()).onclose({ code: 4501, reason: "not authorised" });
  assert.is(it.state.name, "ended");
  assert.is(clock.pending, 0);
  it.nudge();
  await settle();
  assert.is(peers.length, 1);
  it.connectNow();
  await settle();
  assert.is(peers.length, 2);
});

wire("waiting ends at once when the tab is seen again", async () => {
  const { wire: it, peers, settle, open } = bench();
  (await open()).onclose({ code: 1006, reason: "" });
  it.nudge();
  await settle();
  assert.is(peers.length, 2);
});

wire("a socket that only looks alive is given up when it does not answer", async () => {
  const { wire: it, clock, open } = bench();
  const peer = await open();
  it.nudge();
  assert.equal(peer.sent, [{ type: "ping" }]);
  clock.advance(8_000);
  assert.is(it.state.name, "waiting");
  assert.ok(peer.isClosed);
});

wire("a quiet socket is asked, and stays when it answers", async () => {
  const { wire: it, clock, open } = bench();
  const peer = await open();
  clock.advance(24_000);
  peer.say({ type: "update" });
  clock.advance(24_999);
  assert.equal(peer.sent, []);
  clock.advance(1);
  assert.equal(peer.sent, [{ type: "ping" }]);
  clock.advance(10);
  peer.say({ type: "pong" });
  clock.advance(20_000);
  assert.is(it.state.name, "live");
});

wire("a server that never answers the upgrade is tried again", async () => {
  const { wire: it, clock, settle } = bench();
  it.start();
  await settle();
  clock.advance(10_000);
  assert.is(it.state.name, "waiting");
});

wire("a barrier is passed when the server has come so far, and broken when the socket is lost", async () => {
  const { wire: it, open } = bench();
  assert.is(await it.barrier(), false);
  const peer = await open();
  const first = it.barrier();
  const second = it.barrier();
  peer.say({ type: "pong" });
  assert.is(await first, true);
  peer.onclose({ code: 1006, reason: "" });
  assert.is(await second, false);
});

wire(
  "without the right token the wire waits for one; other failures are tried again when the server says",
  async () => {
    let failure: object | undefined = { status: 401 };
    const asked: boolean[] = [];
    const {
      wire: it,
      clock,
      peers,
      settle,
      told,
    } = bench({
      protocols(lastFailed) {
        asked.push(lastFailed);
        return failure ? Promise.reject(failure) : Promise.resolve(["turnwire.base", "turnwire.ticket.t"]);
      },
    });
    it.start();
    await settle();
    assert.is(it.state.name, "locked");
    assert.is(clock.pending, 0);
    failure = { status: 503, message: "full", retryAfterMs: 7_000 };
    it.connectNow();
    await settle();
    assert.is((it.state.untilMs ?? 0) - clock.wall(), 7_000);
    failure = undefined;
    clock.advance(7_000);
    await settle();
    assert.equal(peers[0]?.protocols, ["turnwire.base", "turnwire.ticket.t"]);
    peers[0]?.onclose({ code: 1006, reason: "" });
    clock.advance(60_000);
    await settle();
    assert.equal(asked, [false, false, false, true]);
    assert.ok(told.includes("locked"));
  },
);

wire("a socket that was replaced has no say any more, and stopping leaves no timer", async () => {
  const { wire: it, clock, told, peers, settle, open } = bench();
  const old = await open();
  old.onclose({ code: 1006, reason: "" });
  it.connectNow();
  await settle();
  const count = told.length;
  old.onopen();
  old.say({ type: "update" });
  old.onclose({ code: 4501, reason: "" });
  assert.is(told.length, count);
  it.connectNow();
  await settle();
  peers.at(-1)?.onopen();
  it.connectNow();
  assert.is(it.state.name, "live");
  it.stop();
  assert.is(clock.pending, 0);
  assert.is(it.state.name, "stopped");
});

wire.run();

// Broadcasts to every socket: each reaches exactly the sockets that were open when it was made, in order, joined if
// possible, and also congested sockets.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Authoriser } from "../../src/access/authoriser.ts";
import { Corker } from "../../src/egress/cork.ts";
import { EgressCounters } from "../../src/egress/counters.ts";
import { SocketWriter } from "../../src/egress/socket-writer.ts";
import { Broadcaster, type Listener } from "../../src/gateway/broadcaster.ts";
import { limits } from "../../src/limits.ts";
import type { Authorisation, Identity } from "../../src/ports/authorisation.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { SimulatedClock } from "../support/clock.ts";
import { MemorySocket } from "../support/socket.ts";

const test = suite("broadcaster");

const broadcast = (conversationId: string) =>
  ({ type: "conversation.open", conversationId, workspaceId: "w" }) as const;

const alice = { name: "alice", scope: "read" } as const;
const bob = { name: "bob", scope: "read" } as const;

function open(perLoopTurn: number = limits.socketsPerLoopTurn, authorisation?: Authorisation) {
  const clock = new SimulatedClock();
  const listeners = new Map<number, Listener & { socket: MemorySocket }>();
  let serial = 0;
  const bounds = { ...limits, socketsPerLoopTurn: perLoopTurn };
  const broadcaster = new Broadcaster(
    clock,
    bounds,
    {
      all: () => listeners.values(),
      get serial() {
        return serial;
      },
    },
    new Authoriser(authorisation, silentLogger),
  );
  const owner = { tell: () => {} };
  const join = (identity: Identity = alice) => {
    const socket = new MemorySocket();
    const writer = new SocketWriter(socket, owner, {
      clock,
      limits,
      corker: new Corker(clock),
      counters: new EgressCounters(),
    });
    const listener = { serial: ++serial, identity, writer, socket };
    listeners.set(serial, listener);
    return listener;
  };
  const heardBy = ({ socket }: { socket: MemorySocket }) => socket.messages().map((one) => one["conversationId"]);
  return { clock, broadcaster, listeners, join, heardBy };
}

test("broadcasts of one tick go out as one write, after the tick", () => {
  const { clock, broadcaster, join, heardBy } = open();
  const socket = join();
  broadcaster.announce(broadcast("a"));
  broadcaster.announce(broadcast("b"));
  assert.equal(heardBy(socket), []);
  clock.settle();
  assert.equal(heardBy(socket), ["a", "b"]);
  assert.is(socket.socket.writes.length, 1);
  assert.equal(socket.socket.messages()[0], broadcast("a"));
});

test("a client that may not read a conversation gets no broadcast about it, and each identity is checked once", () => {
  const asked: string[] = [];
  const { clock, broadcaster, join, heardBy } = open(undefined, {
    may({ identity, action, conversationId = "" }) {
      asked.push(`${identity.name} ${action} ${conversationId}`);
      return conversationId === "shared" || conversationId === identity.name;
    },
  });
  const sockets = [join(alice), join(bob), join(alice)];
  for (const conversationId of ["alice", "shared", "bob"])
    broadcaster.announce(broadcast(conversationId), conversationId);
  broadcaster.announce({ type: "catalog", catalog: [] });
  clock.settle();
  const forAll = [undefined];
  assert.equal(sockets.map(heardBy), [
    ["alice", "shared", ...forAll],
    ["shared", "bob", ...forAll],
    ["alice", "shared", ...forAll],
  ]);
  assert.equal(
    asked,
    ["alice", "bob"].flatMap((name) => ["alice", "shared", "bob"].map((id) => `${name} read ${id}`)),
  );
});

test("a socket that opens after a broadcast does not get it, but gets later ones", () => {
  const { clock, broadcaster, join, heardBy } = open();
  const first = join();
  broadcaster.announce(broadcast("a"));
  const second = join();
  broadcaster.announce(broadcast("b"));
  const third = join();
  clock.settle();
  assert.equal([first, second, third].map(heardBy), [["a", "b"], ["b"], []]);
});

test("a socket that opens during the fan-out of a broadcast does not get it", () => {
  const { clock, broadcaster, join, heardBy } = open(1);
  const first = join();
  const second = join();
  broadcaster.announce(broadcast("a"));
  const turns: (() => void)[] = [];
  clock.defer = (run) => void turns.push(run);
  clock.settle();
  const late = join();
  broadcaster.announce(broadcast("b"));
  for (let turn = turns.shift(); turn; turn = turns.shift()) turn();
  assert.equal([first, second, late].map(heardBy), [["a", "b"], ["a", "b"], ["b"]]);
});

test("a congested socket gets broadcasts at once, and an ended socket does not affect the others", () => {
  const { clock, broadcaster, join, heardBy } = open();
  const congested = join();
  congested.writer.deliver(Buffer.from("\u0081\u0000", "latin1"), 1);
  congested.writer.congested = true;
  const gone = join();
  gone.writer.end();
  const last = join();
  broadcaster.announce(broadcast("a"));
  clock.settle();
  assert.equal(heardBy(last), ["a"]);
  assert.is(congested.socket.writes.length, 2);
  assert.is(gone.socket.writes.length, 0);
});

test("a callback for the end of a broadcast is called when every socket has it", () => {
  const { clock, broadcaster, join, heardBy } = open(1);
  const sockets = [join(), join(), join()];
  broadcaster.announce(broadcast("a"));
  const heard: unknown[] = [];
  broadcaster.whenIdle(() => heard.push(...sockets.map(heardBy)));
  assert.equal(heard, []);
  clock.settle();
  assert.equal(heard, [["a"], ["a"], ["a"]]);
});

test("a broadcast without open sockets leaves nothing behind", () => {
  const { clock, broadcaster, join, heardBy } = open();
  broadcaster.announce(broadcast("a"));
  const late = join();
  clock.settle();
  assert.equal(heardBy(late), []);
  assert.is(clock.pending, 0);
});

test.run();

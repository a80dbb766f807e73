// Upgrades that wait in the admission queue. A client that disconnects is noticed at once, whatever it has sent. Bytes
// that a client sends early are handled after its admission, and their number is limited.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Limits } from "../../src/limits.ts";
import { encodeFrame } from "../support/client/frames.ts";
import { eventually } from "../support/deadline.ts";
import { type BareGateway, hastyClock, withGateway } from "../support/gateway.ts";
import { opcodes, openPeer, type Peer } from "../support/http-peer.ts";

const test = suite("wire: pending upgrades");

const upgrade =
  "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/** One second of the server's clock takes 20 s, so a waiting upgrade waits for the whole test. */
const slowClock = hastyClock(0.05);
const oneShortLived: Partial<Limits> = {
  shortLivedSocketsBurst: 0,
  shortLivedSocketsPerSecond: 2,
  pendingUpgradeBytesMax: 2_000,
};

/** Opens and kills one short-lived socket, so that the next upgrades of its account have to wait. */
async function comeAndGo({ gateway, join }: BareGateway): Promise<void> {
  (await join()).kill();
  await eventually(() => gateway.connections.size === 0, "it to be gone");
}

async function come(url: string, early: Uint8Array | string = ""): Promise<Peer> {
  const peer = await openPeer(url);
  peer.write(upgrade);
  peer.write(early);
  return peer;
}

const waiting = async ({ transport }: BareGateway, count: number): Promise<void> => {
  await eventually(() => transport.waiting().newcomers === count, `${count} to wait`);
};

test("a client that disconnected leaves the queue and frees its place, even if it has sent data", () =>
  withGateway({ clock: slowClock, limits: { ...oneShortLived, socketsPerLoopbackAddressMax: 6 } }, async (bare) => {
    await comeAndGo(bare);
    const comeAll = async (): Promise<Peer[]> => {
      const early = ["", "x", "x".repeat(1_500)];
      return await Promise.all([...early, ...early].map((one) => come(bare.url, one)));
    };
    const peers = await comeAll();
    await waiting(bare, 6);
    for (const [index, peer] of peers.entries()) index < 3 ? peer.end() : peer.kill();
    await waiting(bare, 0);
    for (const peer of peers) await peer.untilClosed();
    // The closed upgrades no longer count: six new ones get a place, and a seventh gets none.
    const others = await comeAll();
    await waiting(bare, 6);
    const late = await come(bare.url);
    assert.is((await late.response()).status, 429);
    for (const peer of [...others, late]) peer.kill();
    await waiting(bare, 0);
  }));

test("data that a client sends while it waits is handled after its admission", () =>
  withGateway({ limits: oneShortLived }, async (bare) => {
    await comeAndGo(bare);
    const frame = encodeFrame({ opcode: opcodes.text, payload: JSON.stringify({ type: "subscribe", surfaceId: "?" }) });
    const peer = await come(bare.url, frame.subarray(0, 9));
    await waiting(bare, 1);
    peer.write(frame.subarray(9, 20));
    peer.write(frame.subarray(20));
    peer.write(encodeFrame({ opcode: opcodes.ping, payload: "and?" }));
    assert.is((await peer.response()).status, 101);
    const answer = await peer.frame(({ payload }) => payload.includes("Unknown surface"));
    assert.equal(JSON.parse(answer.payload.toString()).surfaceId, "?");
    await peer.frame(({ opcode, payload }) => opcode === opcodes.pong && payload.toString() === "and?");
    // The socket then works like any other.
    peer.send({ opcode: opcodes.ping, payload: "still?" });
    await peer.frame(({ payload }) => payload.toString() === "still?");
    peer.kill();
  }));

test("a client that sends more than pendingUpgradeBytesMax before its admission is refused with the reason", () =>
  withGateway({ clock: slowClock, limits: oneShortLived }, async (bare) => {
    await comeAndGo(bare);
    const peer = await come(bare.url, "x".repeat(2_000));
    await waiting(bare, 1);
    peer.write("x");
    const { status, body } = await peer.response();
    assert.is(status, 400);
    assert.match(JSON.parse(body).error, "wait for the answer to the upgrade");
    await waiting(bare, 0);
    await peer.untilClosed();
  }));

test.run();

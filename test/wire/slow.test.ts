// Slow, stalled and dead peers on real sockets: they are closed in time, lose no event before that, and delay no other
// client (protocol 1.5.2, 2; design 3).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LeapingClock } from "../model/players/leaping-clock.ts";
import { isRecord } from "../support/client/transcript.ts";
import type { Client } from "../support/client.ts";
import { eventually } from "../support/deadline.ts";
import { type Fixture, hastyClock, withHost } from "../support/gateway.ts";
import { hooks } from "../support/host.ts";
import { closeOf, opcodes, openUpgradedPeer } from "../support/http-peer.ts";
import { limits } from "../support/limits.ts";
import { ScriptedSurface } from "../support/scripted-surfaces.ts";

const test = suite("wire: slow and dead peers");

const word = "0123456789 ".repeat(10);

/** Emits this many words of 110 bytes, in bursts of 200 with a round trip of the reader in between. */
async function talk({ orchestrator }: Fixture, reader: Client, words: number): Promise<string> {
  for (let said = 0; said < words; said++) {
    orchestrator.say("c", word);
    if (said % 200 === 0) await reader.barrier();
  }
  return word.repeat(words);
}

async function watch(...clients: Client[]): Promise<void> {
  for (const client of clients) client.send({ type: "chat.subscribe", conversationId: "c" });
  await Promise.all(clients.map((client) => client.barrier()));
}

const closesLogged = (fixture: Fixture): unknown[] =>
  fixture.host.said("transport-ws: connection close").map((line) => line.fields?.["code"]);

test("a client that stops reading is closed with 4001 after 10 s, while another gets everything in order", () =>
  withHost({}, async (fixture) => {
    const [reader, stalled] = [await fixture.join(), await fixture.join()];
    await watch(reader, stalled);
    fixture.orchestrator.begin("c");
    stalled.pause();
    const began = performance.now();
    const text = await talk(fixture, reader, 50_000);
    fixture.orchestrator.end("c");
    await reader.nextEvent("c", "turn-sealed");
    assert.ok(performance.now() - began < 8_000, "the reader does not wait for the stalled client");
    assert.is(reader.transcript("c").text, text);
    await eventually(() => closesLogged(fixture).length > 0, "the stalled socket to be closed", 20_000);
    const tookMs = performance.now() - began;
    assert.equal(closesLogged(fixture), [4001]);
    // The server sends the close after 10–11 s, and cuts off a peer that does not answer it 5 s later.
    assert.ok(tookMs > 9_900 && tookMs < 18_000, `it took ${Math.round(tookMs)} ms`);
    stalled.resume();
    const { code } = await stalled.untilClosed();
    assert.ok(code === 4001 || code === 1006, `closed with ${code}`);
    const got = stalled.transcript("c").text;
    assert.ok(text.startsWith(got) && got.length < text.length, "the stalled client got a prefix of the text");
    fixture.orchestrator.begin("c");
    fixture.orchestrator.say("c", "and on");
    await reader.nextEvent("c", { type: "text-delta", delta: "and on" });
  }));

test("a client that reads but answers no mark is closed with 4001, and its requests are handled until then", () => {
  const clock = new LeapingClock();
  return withHost({ clock }, async (fixture) => {
    const [reader, mute] = [await fixture.join(), await fixture.join({ autoPong: false })];
    await watch(reader, mute);
    fixture.orchestrator.begin("c");
    await talk(fixture, reader, 8_000);
    await mute.barrier();
    const { seq } = mute.transcript("c").cursor ?? { seq: 0 };
    assert.ok(seq > 0 && seq < 8_000, `a congested socket gets no more of the turn: ${seq}`);
    for (let second = 0; second <= limits.ackTimeoutMs / 1_000; second++) {
      clock.leap(1_000);
      await reader.barrier();
    }
    assert.equal(await mute.untilClosed(), { code: 4001, reason: "reading too slowly" });
    fixture.orchestrator.end("c");
    await reader.nextEvent("c", "turn-sealed");
    assert.is(reader.transcript("c").cursor?.seq, 8_002);
  });
});

test("a slow reader catches up with joined deltas and ends with the same text (1.5.1)", () =>
  withHost({}, async (fixture) => {
    const [reader, slow] = [await fixture.join(), await fixture.join()];
    await watch(reader, slow);
    fixture.orchestrator.begin("c");
    let text = "";
    for (let pause = 0; pause < 4; pause++) {
      slow.pause();
      text += await talk(fixture, reader, 12_000);
      slow.resume();
      if (pause % 2 === 0) await slow.barrier();
    }
    fixture.orchestrator.end("c");
    await Promise.all([reader.nextEvent("c", "turn-sealed"), slow.nextEvent("c", "turn-sealed")]);
    assert.ok(reader.transcript("c").text === text);
    assert.ok(slow.transcript("c").text === text);
    assert.equal(slow.transcript("c").cursor, reader.transcript("c").cursor);
    assert.ok(slow.transcript("c").events.length < 40_000, "neighbouring text deltas were joined");
    assert.equal(closesLogged(fixture), []);
    // The slow client is live again and gets each new event unchanged.
    fixture.orchestrator.begin("c");
    fixture.orchestrator.say("c", "live ");
    await slow.nextEvent("c", { type: "text-delta", delta: "live " });
  }));

test("a late and slow reader gets the whole turn", () =>
  withHost({}, async (fixture) => {
    const [reader, late] = [await fixture.join(), await fixture.join()];
    await watch(reader);
    fixture.orchestrator.begin("c");
    const text = await talk(fixture, reader, 40_000);
    late.send({ type: "chat.subscribe", conversationId: "c" });
    await late.barrier();
    late.pause();
    const more = await talk(fixture, reader, 5_000);
    late.resume();
    fixture.orchestrator.end("c");
    await late.nextEvent("c", "turn-sealed");
    assert.ok(late.transcript("c").text === text + more);
  }));

test("a congested socket gets the last state of its surfaces when it has drained (1.5.4)", () => {
  const surface = new ScriptedSurface("s");
  return withHost({ surfaces: [surface] }, async (fixture) => {
    const [reader, slow] = [await fixture.join(), await fixture.join()];
    await watch(reader, slow);
    for (const client of [reader, slow]) client.send({ type: "subscribe", surfaceId: "s" });
    await Promise.all([reader.next("surface"), slow.next("surface")]);
    fixture.orchestrator.begin("c");
    slow.pause();
    await talk(fixture, reader, 20_000);
    for (let change = 1; change <= 20; change++) {
      surface.change(change);
      await reader.next((message) => message.type === "update" && JSON.stringify(message).includes(`:${change}}`));
    }
    slow.resume();
    const isLast = (message: Record<string, unknown>): boolean => JSON.stringify(message).includes('"payload":20}');
    await slow.next((message) => message.type === "update" && isLast(message));
    await slow.barrier();
    const updates = slow.received.filter((message) => message.type === "update");
    assert.ok(updates.length < 20, `${updates.length} updates, although changes may be skipped`);
    const last = updates.at(-1)?.["update"];
    assert.ok(isRecord(last) && JSON.stringify(last).includes('"payload":20}'));
  });
});

test("a socket with over 4 MiB of unsent broadcasts is closed, and others get every broadcast", () =>
  withHost({}, async (fixture) => {
    const [reader, stalled] = [await fixture.join(), await fixture.join()];
    stalled.pause();
    const workspaceId = "w".repeat(200_000);
    for (let broadcast = 0; broadcast < 100; broadcast++) {
      fixture.host.fire(hooks.opened, { conversationId: `${broadcast}`, workspaceId });
      await reader.next({ type: "conversation.open", conversationId: `${broadcast}` });
    }
    await eventually(() => closesLogged(fixture).length > 0, "the stalled socket to be closed");
    assert.equal(closesLogged(fixture), [4001]);
    await reader.barrier();
  }));

test("killing a lagging client affects no other client", () =>
  withHost({}, async (fixture) => {
    const reader = await fixture.join();
    const lagging = await Promise.all([fixture.join(), fixture.join(), fixture.join()]);
    await watch(reader, ...lagging);
    fixture.orchestrator.begin("c");
    for (const client of lagging) client.pause();
    const text = await talk(fixture, reader, 20_000);
    for (const client of lagging) client.kill();
    const more = await talk(fixture, reader, 5_000);
    fixture.orchestrator.end("c");
    await reader.nextEvent("c", "turn-sealed");
    assert.ok(reader.transcript("c").text === text + more);
    await eventually(() => closesLogged(fixture).length === 3, "the killed sockets to be released");
    assert.equal(fixture.orchestrator.given("stopTurn"), []);
  }));

test("a peer that gives no sign of life for 35 s is closed with 4002; one that answers pings stays", () =>
  withHost({ clock: hastyClock(20) }, async ({ join, url }) => {
    using dead = await openUpgradedPeer(url);
    const alive = await join();
    await dead.frame((frame) => frame.opcode === opcodes.ping);
    assert.equal(closeOf(await dead.closeFrame()), { code: 4002, reason: "no sign of life" });
    await alive.barrier();
    // Another 35 s, in which the client only answers pings.
    using second = await openUpgradedPeer(url);
    await second.closeFrame();
    await alive.barrier();
  }));

test("a peer that never answers the close frame is cut off 5 s later", () =>
  withHost({ clock: hastyClock(20) }, async (fixture) => {
    using peer = await openUpgradedPeer(fixture.url);
    await peer.closeFrame();
    assert.equal(closesLogged(fixture), []);
    // 5 s of this clock are 250 ms. ws itself would wait for 5 s of real time.
    await peer.untilClosed(3_000);
    await eventually(() => closesLogged(fixture).length === 1, "the socket to be released");
    assert.equal(closesLogged(fixture), [4002]);
  }));

test("peers that never answer the close frame delay a stop by at most 5 s", () =>
  withHost({}, async (fixture) => {
    using mute = await openUpgradedPeer(fixture.url);
    using stalled = await openUpgradedPeer(fixture.url);
    stalled.pause();
    const decent = await fixture.join();
    const began = performance.now();
    await fixture.extension.deactivate();
    const tookMs = performance.now() - began;
    assert.ok(tookMs < 9_000, `it took ${Math.round(tookMs)} ms`);
    assert.is((await decent.untilClosed()).code, 1012);
    assert.is(closeOf(await mute.closeFrame()).code, 1012);
    await mute.untilClosed();
  }));

test.run();

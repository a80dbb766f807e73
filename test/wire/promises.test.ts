// The guarantees of protocol 1.5 with many sockets at once: events arrive in order and once, none arrives after
// unsubscribing, and no socket is affected when another one closes, dies or misbehaves.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Client } from "../support/client.ts";
import { eventually } from "../support/deadline.ts";
import { withHost } from "../support/gateway.ts";
import { openUpgradedPeer } from "../support/http-peer.ts";
import { ScriptedSurface } from "../support/scripted-surfaces.ts";

const test = suite("wire: promises");

/** Lets the event loop run, so that a test's events are not all emitted in one tick. */
const breathe = (client: Client): Promise<unknown> => client.barrier();

test("every socket gets each event once, in the order of emission, whenever it subscribes (1.5.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const driver = await join();
    driver.send({ type: "chat.send", conversationId: "c", message: "x" });
    await driver.barrier();
    const clients = [driver];
    let expected = "";
    for (let round = 0; round < 30; round++) {
      // A new client subscribes in every round, in mid-stream.
      const client = await join();
      clients.push(client);
      for (let word = 0; word < 40; word++) {
        const delta = `${round}.${word} `;
        expected += delta;
        orchestrator.say("c", delta);
        if (word === 20) client.send({ type: "chat.subscribe", conversationId: "c" });
        if (word % 10 === 0) await breathe(driver);
      }
      orchestrator.emit("c", { type: "tool-output", toolCallId: `${round}`, data: "x", stream: "stdout" });
    }
    await Promise.all(clients.map((client) => client.barrier()));
    orchestrator.end("c");
    for (const client of clients) {
      await client.nextEvent("c", "turn-sealed");
      const { text, cursor, firstSeq, events } = client.transcript("c");
      assert.is(text, expected);
      assert.is(firstSeq, 1);
      assert.is(cursor?.seq, 30 * 41 + 2);
      const outputs = events.filter((event) => event.type === "tool-output").map((event) => event["toolCallId"]);
      assert.equal(
        outputs,
        Array.from({ length: 30 }, (_, round) => `${round}`),
      );
    }
  }));

test("two consecutive turns reach all clients in order, even a client that subscribes in between (1.5.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const [first, second] = [await join(), await join()];
    first.send({ type: "chat.send", conversationId: "c", message: "x" });
    await first.barrier();
    orchestrator.say("c", "one");
    orchestrator.end("c");
    // The queued texts open the next turn in the same tick, before any client has got turn-sealed.
    orchestrator.begin("c");
    orchestrator.say("c", "two");
    second.send({ type: "chat.subscribe", conversationId: "c" });
    await second.nextEvent("c", "text-delta");
    orchestrator.end("c");
    for (const client of [first, second]) await client.nextEvent("c", (event) => event.type === "turn-sealed");
    await first.nextEvent("c", "turn-sealed");
    assert.equal(
      first.transcript("c").turns.map((turn) => [turn.text, turn.sealed]),
      [
        ["one", true],
        ["two", true],
      ],
    );
    assert.equal(
      second.transcript("c").turns.map((turn) => turn.text),
      ["two"],
    );
  }));

test("a socket that closes, dies or breaks the protocol in mid-turn aborts no turn and delays no socket (1.5.2)", () =>
  withHost({}, async ({ orchestrator, join, url, host }) => {
    const [closing, dying, watching] = [await join(), await join(), await join()];
    const breaking = await openUpgradedPeer(url);
    closing.send({ type: "chat.send", conversationId: "c", message: "x" });
    await closing.barrier();
    for (const client of [dying, watching]) client.send({ type: "chat.subscribe", conversationId: "c" });
    breaking.sendMessage({ type: "chat.subscribe", conversationId: "c" });
    await watching.barrier();
    for (let word = 0; word < 100; word++) orchestrator.say("c", `${word} `);
    await watching.nextEvent("c", "text-delta");
    await closing.close();
    dying.kill();
    // An unmasked frame (RFC 6455 5.1): the connection fails.
    breaking.send({ opcode: 0x1, payload: "{}", masked: false });
    for (let word = 100; word < 200; word++) orchestrator.say("c", `${word} `);
    await breaking.closeFrame();
    breaking.kill();
    await eventually(() => host.said("transport-ws: connection close").length === 3, "three sockets to be released");
    assert.equal(orchestrator.given("stopTurn"), []);
    assert.equal(orchestrator.given("closeConversation"), []);
    assert.is(orchestrator.subscriptions("c"), 1);
    orchestrator.end("c");
    await watching.nextEvent("c", "turn-sealed");
    assert.is(watching.transcript("c").text, Array.from({ length: 200 }, (_, word) => `${word} `).join(""));
  }));

test("a turn continues without watchers, and a client that subscribes later gets all of it (1.5.2)", () =>
  withHost({}, async ({ orchestrator, join, host }) => {
    const first = await join();
    first.send({ type: "chat.send", conversationId: "c", message: "x" });
    await first.barrier();
    orchestrator.say("c", "while watched, ");
    await first.nextEvent("c", "text-delta");
    first.kill();
    await eventually(() => host.said("transport-ws: connection close").length === 1, "the kill to be noticed");
    orchestrator.say("c", "while nobody watched, ");
    const second = await join();
    second.send({ type: "chat.subscribe", conversationId: "c" });
    await second.barrier();
    orchestrator.say("c", "and after");
    orchestrator.end("c");
    await second.nextEvent("c", "turn-sealed");
    assert.is(second.transcript("c").text, "while watched, while nobody watched, and after");
    assert.is(second.transcript("c").firstSeq, 1);
  }));

test("after chat.unsubscribe has been handled no further event is sent, even in mid-turn (1.5.3)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const [leaving, staying] = [await join(), await join()];
    for (const client of [leaving, staying]) client.send({ type: "chat.subscribe", conversationId: "c" });
    await Promise.all([leaving.barrier(), staying.barrier()]);
    orchestrator.begin("c");
    for (let round = 0; round < 50; round++) {
      orchestrator.say("c", ...Array.from({ length: 20 }, (_, word) => `${round}.${word} `));
      leaving.send({ type: "chat.unsubscribe", conversationId: "c" });
      await leaving.barrier();
      const heard = leaving.received.length;
      orchestrator.say("c", "unheard ");
      await leaving.barrier();
      const later = leaving.received.slice(heard).filter((message) => message.type !== "pong");
      assert.equal(later, []);
      leaving.send({ type: "chat.subscribe", conversationId: "c" });
      await leaving.nextEvent("c", (event) => String(event["delta"]).endsWith("unheard "));
    }
    orchestrator.end("c");
    await staying.nextEvent("c", "turn-sealed");
    assert.is(staying.transcript("c").cursor?.seq, 50 * 21 + 2);
  }));

test("after unsubscribe has been handled no further update is sent, even during many changes (1.5.3)", () => {
  const surface = new ScriptedSurface("s");
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const client = await join();
    for (let round = 0; round < 30; round++) {
      client.send({ type: "subscribe", surfaceId: "s" });
      await client.next("surface");
      for (let change = 0; change < 10; change++) surface.change(`${round}.${change}`);
      client.send({ type: "unsubscribe", surfaceId: "s" });
      await client.barrier();
      const heard = client.received.length;
      surface.change(`${round}.unheard`);
      await client.barrier();
      assert.is(client.received.length, heard + 1);
    }
  });
});

test("replies and broadcasts do not wait for the deltas of a long turn (1.5.7)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    client.send({ type: "chat.send", conversationId: "c", message: "x" });
    await client.barrier();
    for (let word = 0; word < 20_000; word++) orchestrator.say("c", `${word} `);
    for (let times = 0; times < 5; times++) await client.barrier();
    orchestrator.end("c");
    await client.nextEvent("c", "turn-sealed");
    assert.is(client.transcript("c").cursor?.seq, 20_002);
  }));

test("200 sockets on one conversation get every event once, in order", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const clients = await Promise.all(Array.from({ length: 200 }, () => join()));
    for (const client of clients) client.send({ type: "chat.subscribe", conversationId: "c" });
    await Promise.all(clients.map((client) => client.barrier()));
    orchestrator.begin("c");
    for (let word = 0; word < 1_000; word++) {
      orchestrator.say("c", `${word} `);
      if (word % 100 === 0) await clients[0]?.barrier();
    }
    orchestrator.end("c");
    const expected = Array.from({ length: 1_000 }, (_, word) => `${word} `).join("");
    await Promise.all(clients.map((client) => client.nextEvent("c", "turn-sealed")));
    for (const client of clients) {
      const { text, cursor } = client.transcript("c");
      assert.is(text, expected);
      assert.is(cursor?.seq, 1_002);
    }
  }));

test.run();

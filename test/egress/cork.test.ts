// A socket that watches several conversations gets the flushes of their feeds in one write per turn of the event loop.
// A socket that watches a single conversation is written to at once.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MemoryGateway } from "../support/memory-gateway.ts";

const test = suite("corker");

function watching(...conversations: string[]) {
  const fixture = new MemoryGateway();
  const client = fixture.join();
  for (const conversationId of conversations) client.send({ type: "chat.subscribe", conversationId });
  for (const conversationId of conversations) fixture.orchestrator.begin(conversationId);
  fixture.settle();
  client.take();
  const say = (conversationId: string, text: string) => fixture.orchestrator.say(conversationId, text);
  return { fixture, client, say };
}

const writesDuring = (socket: { writes: Buffer[] }, run: () => void): number => {
  const before = socket.writes.length;
  run();
  return socket.writes.length - before;
};

test("feeds that flush in one turn of the event loop reach a socket in one write, each in order", () => {
  const { fixture, client, say } = watching("a", "b", "c");
  const writes = writesDuring(client.socket, () => {
    for (const conversationId of ["a", "b", "c"]) say(conversationId, `one of ${conversationId}, `);
    say("a", "two of a");
    fixture.settle();
  });
  assert.is(writes, 1);
  assert.is(client.transcript("a").text, "one of a, two of a");
  assert.is(client.transcript("c").text, "one of c, ");
  fixture.stop();
});

test("a socket that watches one conversation is written to at once, even after it has left others", () => {
  const { fixture, client, say } = watching("a", "b");
  client.send({ type: "chat.unsubscribe", conversationId: "b" });
  assert.is(
    writesDuring(client.socket, () => {
      say("a", "x");
      // Only the flush itself runs.
      fixture.clock.turn();
    }),
    1,
  );
  fixture.stop();
});

test("a socket that is closed while data is held back gets the data first, and then its close frame", () => {
  const { fixture, client, say } = watching("a", "b");
  say("a", "x");
  say("b", "y");
  fixture.clock.turn();
  for (const { writer } of fixture.gateway.connections.all()) writer.close({ code: 1001, reason: "", comeBack: true });
  fixture.settle();
  assert.equal([client.transcript("a").text, client.transcript("b").text], ["x", "y"]);
  assert.is(client.socket.closed?.code, 1001);
  fixture.stop();
});

test.run();

// The diagnosis of why something is stuck, on the real command: over HTTP and by `turnwire why`, in a sentence and as
// figures.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect } from "../support/client.ts";
import { eventually } from "../support/deadline.ts";
import { runCommand, ServerProcess } from "../support/server-process.ts";
import { ask } from "../support/system-http.ts";
import { untilSealed } from "../support/system-turns.ts";

const test = suite("why is it stuck");

let server: ServerProcess;
test.before(async () => {
  server = await ServerProcess.start();
});
test.after(async () => {
  await server.stop();
});

interface Why {
  sentence: string;
  states: string[];
  waitsFor: string[];
  deadlines: { what: string; inMs: number }[];
  turn?: {
    turnId: string;
    model: string;
    lastEvent: string;
    saidMsAgo: number;
    lastEnd?: { turnId: string; end: string; msAgo: number };
  };
  watchers?: number;
  watchersUpToDate?: number;
  watches?: { conversationId: string; lag: number }[];
}

async function why(path: string): Promise<Why> {
  const { status, json, text } = await ask(server, path);
  assert.is(status, 200, text);
  return json as Why;
}

test("for an unknown conversation, and for one without a running turn, why says that nothing goes on", async () => {
  assert.is(
    (await why("/conversations/none/why")).sentence,
    "Nothing goes on in this conversation. Nobody watches it.",
  );
  using client = await connect(server.wsUrl);
  client.send({ type: "chat.send", conversationId: "over", message: "hello" });
  await untilSealed(client, "over");
  const over = await why("/conversations/over/why");
  const sentences =
    "Nothing goes on in this conversation. Its last turn was finished, TIME ago. It is watched by 1 socket.";
  assert.is(over.sentence.replace(/\d+ m?s(?= ago)/, "TIME"), sentences);
  assert.is(over.turn?.lastEnd?.end, "done");
  assert.equal(over.states, ["conversation.resting.idle"]);
});

test("how the last turn ended is known when nobody has watched for long, and after a restart", async () => {
  using client = await connect(server.wsUrl);
  const message = JSON.stringify({ tokens: 2, hang: true });
  client.send({ type: "chat.send", conversationId: "stopped", model: "demo/script", message });
  await client.nextEvent("stopped", "text-delta");
  client.send({ type: "chat.cancel", conversationId: "stopped" });
  await untilSealed(client, "stopped");
  await client.close();
  const said = await eventually(async () => {
    const now = await why("/conversations/stopped/why");
    return now.states[0] === "idle" && now;
  }, "the conversation to be left");
  const sentence = "Nothing goes on in this conversation. Its last turn was cancelled, TIME ago. Nobody watches it.";
  assert.is(said.sentence.replace(/\d+ m?s(?= ago)/, "TIME"), sentence);
  assert.is(said.turn?.lastEnd?.end, "cancelled");
});

test("for an agent that hangs, why names the model, its last event, the watchers and the turn's timeout", async () => {
  using client = await connect(server.wsUrl);
  const message = JSON.stringify({ tokens: 2, hang: true });
  client.send({ type: "chat.send", conversationId: "hangs", model: "demo/script", message });
  await client.nextEvent("hangs", "text-delta");
  client.send({ type: "chat.queue", conversationId: "hangs", text: "are you there?" });
  await client.barrier();
  const found = await eventually(async () => {
    const now = await why("/conversations/hangs/why");
    return now.turn && now.turn.saidMsAgo > 1_000 && now;
  }, "a second of silence");
  const said = [
    "^demo/script is writing, for \\d s, last heard \\d s ago \\(text-delta\\)",
    "; if it stays like this, it is aborted in 20 min; 1 text waits for its end\\. It is watched by 1 socket\\.$",
  ];
  assert.match(found.sentence, new RegExp(said.join("")));
  assert.equal(found.states, ["turn.running.working.writing"]);
  assert.ok(found.waitsFor.includes("turn.cancel"), found.waitsFor.join());
  assert.is(found.deadlines[0]?.what, "its agent has given no sign of life: lost");
  assert.equal([found.watchers, found.watchersUpToDate], [1, 1]);

  const { port, hostname } = new URL(server.httpUrl);
  const command = ["why", "conversation", "hangs", "--host", hostname, "--http-port", port];
  const { code, stdout, stderr } = await runCommand(command);
  assert.is(code, 0, stderr);
  assert.match(stdout, /^demo\/script is writing, for \d+ s/);
  assert.match(stdout, '"states": [');
  client.send({ type: "chat.cancel", conversationId: "hangs" });
  await client.nextEvent("hangs", "turn-sealed");
});

test("for a socket, why says what it watches, how far it is, and when it was heard last", async () => {
  using client = await connect(server.wsUrl, { protocols: ["turnwire.v1"] });
  const { connectionId } = await client.next("hello");
  client.send({ type: "chat.subscribe", conversationId: "over" });
  client.send({ type: "subscribe", surfaceId: "gateway" });
  // A pong may arrive before a watch that has just been opened is live.
  const found = await eventually(async () => {
    const answer = await why(`/connections/${String(connectionId)}/why`);
    return JSON.stringify(answer).includes('"live":true') && answer;
  }, "the watch to be live");
  assert.match(found.sentence, /^It keeps up; it watches 1 conversation and 1 surface; last heard \d+ ms ago\.$/);
  assert.equal(found.watches, [{ conversationId: "over", lag: 0, live: true }]);
  const unknown = await ask(server, "/connections/none/why");
  assert.equal([unknown.status, /no such socket is open/.test(unknown.text)], [404, true]);
});

test("the command reports in one sentence what is wrong with its arguments", async () => {
  const { port } = new URL(server.httpUrl);
  for (const [argv, message] of [
    [["why"], /needs conversation ID or connection ID/],
    [["why", "conversation"], /needs conversation ID or connection ID/],
    [["why", "turn", "x"], /needs conversation ID or connection ID/],
    [
      ["why", "conversation", "x", "--http-port", "1"],
      /No server answers at http:\/\/127\.0\.0\.1:1: give its --host and --http-port/,
    ],
    [["why", "connection", "none", "--http-port", port], /answers 404: no such socket is open/],
  ] as const) {
    const { code, stderr, stdout } = await runCommand([...argv]);
    assert.is(code, 2, stdout);
    assert.match(stderr, message);
    assert.is(stderr.trim().split("\n").length, 1, stderr);
  }
});

test.run();

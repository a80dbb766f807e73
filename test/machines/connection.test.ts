// The chart of a connection, transition by transition: a congested socket is still served, a closing one handles
// nothing, and each way to close has its reason.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type AnyEventObject, createActor, type StateValue } from "xstate";
import { type ConnectionEvent, connectionMachine, type TurnAnswer } from "../../machines/connection.ts";
import type { ClientMessage } from "../../src/protocol/client-message.ts";
import { ChartTable } from "../support/chart-table.ts";

const test = suite("the connection's chart");
const context = { connectionId: "one" };
const guards = ["isLost", "hasOwnTurn"];
const table = new ChartTable({ machine: connectionMachine, guards, context });

const flows = ["flowing", "congested"];
const chatTurns = ["quiet", "asking", "running"];
const reasons = ["asked", "slow", "silent", "flooding", "revoked", "draining", "refused", "defect"];

const open = (flow = "flowing", chatTurn = "quiet") => ({ open: { flow, chatTurn } });
const everyOpen = flows.flatMap((flow) => chatTurns.map((chatTurn) => open(flow, chatTurn)));
const closing = (because: string, farewell = "told") => ({ closing: { because, farewell } });
const everyClosing = reasons.flatMap((reason) => [closing(reason), closing(reason, "cut")]);

/** The messages that may begin a turn, and the action that each causes. */
const asks: [TurnAnswer["request"], string][] = [
  [{ type: "chat.send", message: "hello" }, "sendChat"],
  [{ type: "chat.queue", conversationId: "c", text: "and" }, "queueText"],
];

/** All others. */
const messages: [ClientMessage, string][] = [
  [{ type: "subscribe", surfaceId: "s", conversationId: undefined }, "watchSurface"],
  [{ type: "unsubscribe", surfaceId: "s", conversationId: undefined }, "unwatchSurface"],
  [{ type: "invoke", surfaceId: "s", actionId: "a", conversationId: undefined }, "invokeSurface"],
  [{ type: "chat.subscribe", conversationId: "c" }, "watchConversation"],
  [{ type: "chat.unsubscribe", conversationId: "c" }, "unwatchConversation"],
  [{ type: "chat.queue.cancel", conversationId: "c", messageId: "m" }, "cancelQueuedText"],
  [{ type: "chat.cancel", conversationId: "c" }, "cancelTurn"],
  [{ type: "ping" }, "answerPing"],
];

const closings: [string, string, string[]][] = [
  ["connection.close", "asked", ["leaveEverything", "closeAsAsked"]],
  ["socket.stuck", "slow", ["leaveEverything", "closeSlow"]],
  ["socket.silent", "silent", ["leaveEverything", "closeSilent"]],
  ["socket.flooding", "flooding", ["leaveEverything", "closeFlooding"]],
  ["access.ended", "revoked", ["leaveEverything", "closeRevoked"]],
  ["gateway.draining", "draining", ["leaveEverything", "closeRestarting"]],
  ["socket.broken", "refused", ["leaveEverything"]],
  ["xstate.error.actor.watch", "defect", ["leaveEverything", "closeDefect"]],
];

const [request] = asks.map(([message]) => message);
const answered = (type: "turn.opened" | "turn.notOpened") => ({ type, request, answer: {} });
const watchEnds = (isLost: boolean) => ({ type: "xstate.done.actor.watch", output: { isLost }, actorId: "watch" });

/** Events that an open connection handles in one of its regions. */
const signals: (AnyEventObject | string)[] = [
  "socket.congested",
  "socket.drained",
  "turn.over",
  answered("turn.opened"),
  answered("turn.notOpened"),
  watchEnds(false),
  watchEnds(true),
];

test("a connection starts open: flowing and without a turn of its own", () => {
  const actor = createActor(connectionMachine, { input: context });
  assert.equal(actor.getSnapshot().value, open());
  assert.equal(actor.getSnapshot().context, context);
});

test("every message is handled in every open state, even on a congested socket", () => {
  for (const state of everyOpen)
    for (const [on, action] of messages) table.take({ in: state, on, to: state, does: [action] });
});

test("a congested socket is held back, and catches up when it has drained", () => {
  for (const chatTurn of chatTurns) {
    const [flowing, congested] = [open("flowing", chatTurn), open("congested", chatTurn)];
    table.take({ in: flowing, on: "socket.congested", to: congested, does: ["holdWatches"] });
    table.take({ in: congested, on: "socket.drained", to: flowing, does: ["releaseWatches", "updateSurfaces"] });
    table.take({ in: flowing, on: "socket.drained", to: flowing });
    table.take({ in: congested, on: "socket.congested", to: congested });
  }
});

test("a request for a turn is asked, answered, and waited for until the turn is sealed", () => {
  for (const flow of flows) {
    const [quiet, asking, running] = chatTurns.map((chatTurn) => open(flow, chatTurn));
    for (const state of [quiet, asking, running])
      for (const [on, action] of asks) table.take({ in: state ?? "", on, to: asking ?? "", does: [action] });
    // Two requests in one mailbox are asked first and answered then, each once.
    for (const state of [quiet, asking, running]) {
      table.take({ in: state ?? "", on: answered("turn.opened"), to: running ?? "", does: ["answer"] });
      const on = answered("turn.notOpened");
      table.take({ in: state ?? "", on, to: quiet ?? "", does: ["answer"] });
      table.take({ in: state ?? "", on, if: ["hasOwnTurn"], to: running ?? "", does: ["answer"] });
    }
    table.take({ in: running ?? "", on: "turn.over", if: ["hasOwnTurn"], to: running ?? "" });
    table.take({ in: running ?? "", on: "turn.over", to: quiet ?? "" });
    table.take({ in: quiet ?? "", on: "turn.over", to: quiet ?? "" });
  }
});

test("a watch that has left changes nothing; one that was lost closes the socket as slow", () => {
  for (const state of everyOpen) {
    table.take({ in: state, on: watchEnds(false), to: state });
    table.take({
      ...{ in: state, on: watchEnds(true), if: ["isLost"] },
      ...{ to: closing("slow"), does: ["leaveEverything", "closeSlow"] },
    });
  }
  const actor = createActor(connectionMachine, { input: context }).start();
  actor.send({ type: "xstate.done.actor.watch", output: { isLost: false }, actorId: "watch" });
  assert.ok(actor.getSnapshot().matches("open"));
  actor.send({ type: "xstate.done.actor.watch", output: { isLost: true }, actorId: "watch" });
  assert.ok(actor.getSnapshot().matches({ closing: { because: "slow" } }));
});

test("each way to close has its reason, first leaves everything, and is possible in every open state", () => {
  for (const state of everyOpen)
    for (const [on, reason, does] of closings) table.take({ in: state, on, to: closing(reason), does });
});

test("no message and no signal is handled while closing", () => {
  for (const state of everyClosing) {
    for (const [on] of [...messages, ...asks]) table.take({ in: state, on, to: state });
    for (const on of signals) table.take({ in: state, on, to: state });
    for (const [on] of closings) table.take({ in: state, on, to: state });
  }
});

test("a peer that does not answer the close frame is cut off", () => {
  for (const reason of reasons) {
    const cut = closing(reason, "cut");
    table.take({ in: closing(reason), on: "socket.overdue", to: cut, does: ["cutSocket"] });
    table.take({ in: cut, on: "socket.overdue", to: cut });
  }
  for (const state of everyOpen) table.take({ in: state, on: "socket.overdue", to: state });
});

test("the end of the TCP connection closes the connection in every state, and everything is left", () => {
  for (const state of [...everyOpen, ...everyClosing])
    table.take({ in: state, on: "socket.closed", to: "closed", does: ["leaveEverything"] });
});

test("these tests take every transition", () => assert.equal(table.missing(), []));

test("a watch that fails while its socket closes does not fail the socket too", () => {
  const actor = createActor(connectionMachine, { input: context });
  actor.start();
  actor.send({ type: "connection.close" });
  actor.send({ type: "xstate.error.actor.watch", error: new Error("a defect"), actorId: "watch" });
  assert.is(actor.getSnapshot().status, "active");
  actor.send({ type: "socket.closed" });
  assert.is(actor.getSnapshot().status, "done");
});

test("the machine runs without its implementations and has no side effects", () => {
  const walk = (events: ConnectionEvent[]): StateValue => {
    const actor = createActor(connectionMachine, { input: context });
    actor.start();
    for (const event of events) actor.send(event);
    return actor.getSnapshot().value;
  };
  const all = messages.map(([message]) => message);
  assert.equal(walk([...all, { type: "socket.congested" }, { type: "socket.drained" }]), open());
  assert.is(walk([{ type: "connection.close" }, { type: "socket.overdue" }, { type: "socket.closed" }]), "closed");
  assert.equal(walk([{ type: "socket.stuck" }, ...all]), closing("slow"));
  assert.equal(walk([{ type: "socket.silent" }]), closing("silent"));
  assert.equal(walk([{ type: "gateway.draining" }]), closing("draining"));
  assert.equal(walk([{ type: "socket.broken" }]), closing("refused"));
  const error = new Error("a defect");
  assert.equal(walk([{ type: "xstate.error.actor.watch", error, actorId: "watch" }]), closing("defect"));
});

test("a closed connection handles nothing", () => {
  const done: string[] = [];
  const leaveEverything = (): void => void done.push("leaveEverything");
  const actor = createActor(connectionMachine.provide({ actions: { leaveEverything } }), { input: context });
  actor.start();
  actor.send({ type: "socket.closed" });
  actor.send({ type: "socket.closed" });
  actor.send({ type: "ping" });
  assert.equal(done, ["leaveEverything"]);
  assert.is(actor.getSnapshot().value, "closed");
});

test.run();

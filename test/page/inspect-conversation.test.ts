// The parts of the conversation lens that need no browser: what it records, where events come from, and the diagram.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ConversationLine } from "../../src/diagnostics/inspection/answers.ts";
import { machines } from "../../src/diagnostics/inspection/machines.ts";
import { createConversationLog, type Step, sentenceOf } from "../../visualizations/live/conversation-log.js";
import { originOf } from "../../visualizations/live/origins.js";
import {
  folded,
  headsOf,
  laneWidthFor,
  laneWidthMin,
  type Message,
  printed,
  rowHeight,
  rowsOf,
  type Shape,
} from "../../visualizations/live/sequence.js";
import { SimulatedClock } from "../support/clock.ts";
import { eventually } from "../support/deadline.ts";
import { followConversation } from "../support/inspect-modules.ts";

// ── the record ────────────────────────────────────────────────────────────────────────────────────────────────────

const record = suite("page/inspect: the record of a conversation");

const actor = (id: string, chart: string, names = {}, parentId = "x:0") => ({
  ...{ id, chart, names, parentId, states: [`${chart}.begun`], bornAt: 0 },
});

function recorded(entriesMax = 100) {
  const log = createConversationLog({ entriesMax });
  log.meet(actor("x:5", "turn", { conversationId: "c" }, "x:4"));
  log.meet(actor("x:4", "conversation", { conversationId: "c" }));
  log.meet(actor("x:0", "gateway"));
  log.meet(actor("x:2", "connection", { connectionId: "two" }));
  log.meet(actor("x:1", "connection", { connectionId: "one" }));
  log.meet(actor("x:3", "watch", { connectionId: "two", conversationId: "c" }, "x:2"));
  return log;
}

const moved = (actorId: string, event: string, order: number, more: Partial<Step> = {}): Step =>
  ({
    ...{ type: "actor.moved", at: order, order, actorId, event, from: undefined, handled: true, transitions: [] },
    ...{ actions: [], refusedBy: [], declared: undefined, states: ["turn.begun"], ...more },
  }) as Step;

record("the lanes are the gateway, each socket with its watches, the conversation and its turn", () => {
  const lanes = recorded()
    .lanes()
    .map(({ kind, name }) => `${kind} ${name}`.trim());
  assert.equal(lanes, ["gateway", "connection two", "watch two", "connection one", "conversation c", "turn x:5"]);
});

record("causes come before what they caused, although they are told after it", () => {
  const log = recorded();
  log.add(moved("x:3", "socket.congested", 2, { from: "x:2" }));
  log.add(moved("x:2", "socket.congested", 1));
  log.add({ type: "actor.ended", at: 3, order: 2, actorId: "x:3", states: ["watch.lost"], how: "done", event: "e" });
  const lanes = log.lanes();
  assert.equal(
    log.entries.map((entry) => sentenceOf(entry, lanes)),
    [
      "socket → connection two: socket.congested, now begun",
      "connection two → watch two: socket.congested, now begun",
      "watch two ends, now lost",
    ],
  );
  assert.is(log.entries[2]?.tone, "bad");
});

record(
  "an event says where it comes from: an actor, a part of the server, a timer or an actor that is not shown",
  () => {
    const log = recorded();
    const from = (event: string, sender?: string) => {
      log.add(moved("x:5", event, 9, { from: sender } as Partial<Step>));
      const { from, origin } = log.entries.at(-1) ?? {};
      return from ?? origin;
    };
    assert.is(from("turn.cancel", "x:4"), "x:4");
    assert.is(from("agent.writing"), "agent");
    assert.is(from("xstate.after.pause.turn", "x:5"), "timer");
    assert.is(from("turn.cancel", "x:99"), "another actor");
  },
);

record("it keeps the newest, counts the rest, and forgets the lanes of which nothing is left", () => {
  const log = recorded(3);
  log.add({ type: "actor.ended", at: 1, order: 1, actorId: "x:5", states: [], how: "stopped", event: "e" });
  for (let order = 2; order <= 5; order++) log.add(moved("x:4", "queue.emptied", order));
  assert.equal([log.entries.map(({ order }) => order), log.dropped], [[3, 4, 5], 2]);
  assert.not.ok(log.lanes().some(({ kind }) => kind === "turn"));
  assert.ok(
    log.lanes().some(({ kind }) => kind === "watch"),
    "those that live stay",
  );
});

record("after a lost connection it says so and goes on behind it, although the orders begin anew", () => {
  const log = recorded();
  log.add(moved("x:4", "turn.start", 50));
  log.interrupt();
  log.meet(actor("x:4", "conversation", { conversationId: "c" }));
  log.add(moved("x:4", "turn.opened", 1));
  assert.equal(
    log.entries.map(({ label }) => label),
    ["turn.start", "connection lost", "turn.opened"],
  );
});

record("every event of the charts has an origin that can be named, and every origin has an event", () => {
  const events = new Set(machines.flatMap((machine) => machine.events.filter((type) => !type.startsWith("xstate."))));
  const nameless = [...events].filter((event) => originOf(event) === "outside");
  assert.equal(nameless, []);
  assert.is(originOf("something.else"), "outside");
  const origins = new Set([...events].map(originOf));
  const all = "client socket transport cursor subscriptions agent watchdog orchestrator watchers store provider server";
  assert.equal([...origins].sort(), all.split(" ").sort());
});

record("the stream goes on after an actor's end, and another run of the server begins anew", async () => {
  const clock = new SimulatedClock();
  const bodies: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>[] = [];
  const start = (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => bodies.push(controller);
  const open = () => Promise.resolve(new Response(new ReadableStream({ start })));
  const followed = followConversation("c", { api: { conversation: open }, clock, onChange: () => {} });
  const write = (...lines: ConversationLine[]): void => {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    bodies.at(-1)?.enqueue(new TextEncoder().encode(text));
  };
  const heard = (count: number) => eventually(() => followed.log.entries.length === count, `${count} entries`);
  await eventually(() => bodies.length === 1, "the stream to be opened");
  const shown = { type: "conversation.shown", at: 1, conversationId: "c" } as const;
  write({ ...shown, startedAt: 1 }, { type: "actor.shown", at: 1, actor: actor("x:5", "turn") });
  write({ type: "actor.ended", at: 2, order: 1, actorId: "x:5", states: [], how: "done", event: "e" });
  write({ type: "actors.omitted", at: 2 }, { type: "actor.shown", at: 3, actor: actor("x:0", "gateway") });
  write(moved("x:0", "broadcast.made", 2) as ConversationLine);
  await heard(2);
  assert.ok(followed.hasOmitted);
  bodies[0]?.close();
  await heard(3);
  clock.advance(1_000);
  await eventually(() => bodies.length === 2, "the stream to be opened again");
  write({ ...shown, startedAt: 2 }, { type: "actor.shown", at: 9, actor: actor("x:0", "gateway") });
  await heard(0);
  assert.equal([followed.startedAt, followed.hasOmitted], [2, false]);
  followed.stop();
  await eventually(() => clock.pending === 0, "the stream to be stopped");
});

record.run();

// ── the diagram ───────────────────────────────────────────────────────────────────────────────────────────────────

const diagram = suite("page/inspect: the diagram of a conversation");

const lanes = ["a", "b", "c"].map((id) => ({ id, kind: "connection", name: id }));
const message = (more: Partial<Message>): Message => ({
  ...{ at: 0, to: "a", from: undefined, origin: "agent", kind: "event", label: "go", states: [], tone: undefined },
  ...{ isIdle: false, count: 1, ...more },
});
const options = { lanes, timeOf: ({ at }: Message) => `${at} ms`, laneWidth: 100 };
const textOf = (shape: Shape | string): string =>
  typeof shape === "string" ? shape : shape.children.map(textOf).join(shape.tag === "text" ? "" : "|");

diagram("an event from an actor is an arrow between their lanes, any other a dot with its origin", () => {
  const rows = rowsOf({ ...options, messages: [message({ from: "c" }), message({ at: 7 })] }).slice(lanes.length);
  const [sent, fact] = rows.map(printed);
  assert.match(sent ?? "", /<line class="line" x1="346" y1="18" x2="155" y2="18">/);
  assert.match(sent ?? "", />go</);
  assert.not.match(fact ?? "", /class="line"/);
  assert.equal(
    rows.map((row) => textOf(row).split("|").filter(Boolean)),
    [
      ["0 ms", "go"],
      ["7 ms", "agent go"],
    ],
  );
});

diagram("a lane begins with its actor and ends with it", () => {
  const messages = [message({}), message({ to: "b", kind: "started" }), message({ to: "b", kind: "ended" })];
  const [whole, some] = rowsOf({ ...options, messages }).map(({ attributes }) => attributes);
  assert.equal([whole?.["y1"], whole?.["y2"]], [0, 3 * rowHeight]);
  assert.equal([some?.["y1"], some?.["y2"]], [rowHeight + 16, 2 * rowHeight + 16]);
});

diagram("only the rows that are asked for are drawn, where they belong", () => {
  const messages = Array.from({ length: 100 }, (_, at) => message({ at, states: ["live"] }));
  const rows = rowsOf({ ...options, messages, first: 40, count: 2 }).slice(lanes.length);
  assert.equal(
    rows.map(textOf).map((text) => text.split("|")[1]),
    ["40 ms", "41 ms"],
  );
  assert.match(printed(rows[0] ?? ""), `y="${40 * rowHeight}"`);
});

diagram("repeated rows that change nothing are folded into one with their number", () => {
  const changing = message({ states: ["live"] });
  const rows = folded([message({}), message({}), message({ to: "b" }), changing, changing, message({}), message({})]);
  assert.equal(
    rows.map(({ to, count }) => `${to} ${count}`),
    ["a 2", "b 1", "a 1", "a 1", "a 2"],
  );
  assert.match(printed(rowsOf({ ...options, messages: rows }).at(-1) ?? ""), "go ×2");
});

diagram("the lanes share the width, but stay wide enough for their names", () => {
  assert.is(laneWidthFor(2, 2_000), 180);
  assert.is(laneWidthFor(40, 500), laneWidthMin);
  const [head] = headsOf([{ id: "a", kind: "connection", name: "x".repeat(80) }], laneWidthMin);
  assert.ok(textOf(head ?? "").length < 30);
});

diagram("a name is never markup", () => {
  const text = printed({ tag: "text", attributes: { "data-a": '"<&' }, children: ["<script>&"] });
  assert.is(text, '<text data-a="&quot;&lt;&amp;">&lt;script&gt;&amp;</text>');
});

diagram.run();

// Runs the invariants on correct and on broken views. Each promise has at least one view that only a broken server
// could produce, and that promise must reject it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { brokenPromises, invariants } from "./invariants.ts";
import type { ConversationView, Said, SocketView, SurfaceWatchView, View, WatchView } from "./view.ts";

const test = suite("model: invariants");

const question = (turnId: string, text: string): Said => ({ turnId, type: "user-message", text });
const start = (turnId: string): Said => ({ turnId, type: "turn-start" });
const say = (turnId: string, text: string): Said => ({ turnId, type: "text-delta", text });
const think = (turnId: string, text: string): Said => ({ turnId, type: "reasoning-delta", text });
const steer = (turnId: string, text: string): Said => ({ turnId, type: "steering", text });
const failure = (turnId: string): Said => ({ turnId, type: "error" });
const done = (turnId: string, reason = "stop"): Said => ({ turnId, type: "done", reason });
const sealed = (turnId: string): Said => ({ turnId, type: "turn-sealed" });

/** Two turns. Queued texts start the second one. */
const emitted: Said[] = [
  question("t1", "hello"),
  start("t1"),
  think("t1", "hm"),
  say("t1", "a"),
  say("t1", "b"),
  say("t1", "c"),
  steer("t1", "left"),
  say("t1", "d"),
  done("t1"),
  sealed("t1"),
  question("t2", "right\n\nfurther"),
  start("t2"),
  say("t2", "e"),
  done("t2", "aborted"),
  sealed("t2"),
];

const conversation: ConversationView = {
  id: "c",
  emitted,
  cancelled: [{ turnId: "t2", at: 13 }],
  texts: [
    { text: "hello", at: 0 },
    { text: "left", at: 4 },
    { text: "right", at: 5 },
    { text: "further", at: 7 },
  ],
};

const watch: WatchView = { conversationId: "c", from: [0], to: undefined, liveFrom: undefined, received: emitted };

const shownSurface: SurfaceWatchView = {
  key: "s",
  isWatching: true,
  asked: 2,
  received: [
    { kind: "surface", version: 3 },
    { kind: "update", version: 5 },
    { kind: "surface", version: 5 },
    { kind: "update", version: 7 },
  ],
};

const socket: SocketView = {
  name: "Ann",
  isOpen: true,
  isReading: true,
  watches: [watch],
  surfaces: [shownSurface],
  refusals: { owed: ["no", "not now"], received: ["no", "not now"] },
  broadcast: { from: 1, received: ["two", "three"] },
  strays: [],
};

interface Changes {
  view?: Partial<View>;
  conversation?: Partial<ConversationView>;
  socket?: Partial<SocketView>;
  watch?: Partial<WatchView>;
  surface?: Partial<SurfaceWatchView>;
}

/** A correct view, except for the given changes. */
function viewWith(changes: Changes = {}): View {
  return {
    atRest: true,
    conversations: [{ ...conversation, ...changes.conversation }],
    sockets: [
      {
        ...socket,
        watches: [{ ...watch, ...changes.watch }],
        surfaces: [{ ...shownSurface, ...changes.surface }],
        ...changes.socket,
      },
    ],
    surfaces: [{ key: "s", newest: 7, isFailing: false }],
    broadcast: ["one", "two", "three"],
    ...changes.view,
  };
}

const without = (index: number, from = emitted): Said[] => from.filter((_, at) => at !== index);
const joined = (from: number, to: number, text: string): Said[] => emitted.toSpliced(from, to - from, say("t1", text));

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => ({ epoch: "e", seq: from + index + 1 }));

const numbered = (name: string, from: number): SocketView => ({
  ...socket,
  name,
  watches: [{ ...watch, numbers: numbers(from, from + emitted.length) }],
});

/** A request `a` with two valid replies, and the received replies: one character of id, a space, the text. */
const replies = (received: string[]): Changes => ({
  socket: {
    replies: {
      owed: [{ id: "a", anyOf: ["ok", "no"] }],
      received: received.map((reply) => ({ id: reply.slice(0, 1), text: reply.slice(2) })),
    },
  },
});

const right: [name: string, changes: Changes][] = [
  ["a request has one of its valid replies", replies(["a no"])],
  ["the events are numbered", { watch: { numbers: numbers(0, 15) } }],
  ["a watch resumes in the middle of a turn", { watch: { from: [4], isResumed: true, received: emitted.slice(4) } }],
  ["a watch resumes after a turn", { watch: { from: [10], isResumed: true, received: emitted.slice(10) } }],
  ["every event arrived as it was emitted", {}],
  ["neighbouring deltas arrived joined at a watch that was catching up", { watch: { received: joined(3, 6, "abc") } }],
  ["some deltas arrived joined before the watch was live", { watch: { received: joined(3, 5, "ab"), liveFrom: 5 } }],
  ["a watch is live from the first event on", { watch: { liveFrom: 0 } }],
  ["a watch begins between the turns", { watch: { from: [10], received: emitted.slice(10) } }],
  [
    "a watch may begin at two places because the order is open",
    { watch: { from: [0, 10], received: emitted.slice(10) } },
  ],
  ["a watch ends in the middle of a turn", { watch: { to: 7, received: emitted.slice(0, 5) } }],
  ["a watch ends before any event arrives", { watch: { to: 7, received: [] } }],
  ["the view is not at rest", { view: { atRest: false }, watch: { received: emitted.slice(0, 5) } }],
  [
    "the socket does not read",
    { socket: { isReading: false, watches: [{ ...watch, received: emitted.slice(0, 2) }] } },
  ],
  ["the socket is closed", { socket: { isOpen: false, broadcast: { from: 1, received: [] }, surfaces: [] } }],
  [
    "the agent is silent in mid-turn while texts are queued",
    {
      conversation: { emitted: emitted.slice(0, 5), cancelled: [] },
      watch: { received: emitted.slice(0, 5) },
    },
  ],
  [
    "an interrupted turn leaves texts in its queue",
    {
      conversation: { emitted: [...emitted.slice(0, 8), done("t1", "interrupted"), sealed("t1")], cancelled: [] },
      watch: { to: 0, received: [] },
    },
  ],
  [
    "a turn failed",
    {
      conversation: {
        emitted: [question("t1", "x"), failure("t1"), done("t1", "error"), sealed("t1")],
        cancelled: [],
        texts: [{ text: "x", at: 0 }],
      },
      watch: { to: 0, received: [] },
    },
  ],
  ["changes of a surface were skipped", { surface: { asked: 1, received: [{ kind: "surface", version: 7 }] } }],
  [
    "a surface's provider fails",
    { surface: { received: [] }, view: { surfaces: [{ key: "s", newest: 7, isFailing: true }] } },
  ],
];

for (const [name, changes] of right)
  test(`a correct view has no problems: ${name}`, () => assert.equal(brokenPromises(viewWith(changes)), []));

/** Views that break a promise: the first words of its name, a part of the reported problem, the changes. */
const broken: [promise: string, says: string, changes: Changes][] = [
  ["a socket sees", "<t1 text-delta", { watch: { received: without(4) } }],
  [
    "a socket sees",
    'its event 5 is <t1 text-delta "a">',
    { watch: { received: emitted.toSpliced(4, 0, say("t1", "a")) } },
  ],
  ["a socket sees", "was due", { watch: { received: emitted.toSpliced(3, 2, say("t1", "b"), say("t1", "a")) } }],
  ["a socket sees", "was due", { watch: { received: joined(3, 6, "acb") } }],
  ["a socket sees", "was due", { watch: { received: joined(3, 8, "abcd") } }],
  ["a socket sees", "was due", { watch: { received: joined(3, 6, "ab") } }],
  ["a socket sees", "was due", { watch: { received: joined(3, 6, "abcc") } }],
  ["a socket sees", "was due", { watch: { received: emitted.with(2, say("t1", "hm")) } }],
  ["a socket sees", "was due", { watch: { received: emitted.with(8, done("t1", "length")) } }],
  ["a socket sees", "joined, though it was live", { watch: { received: joined(3, 6, "abc"), liveFrom: 5 } }],
  ["a socket sees", "where nothing was due", { watch: { received: [...emitted, say("t3", "x")] } }],
  ["a socket sees", "where nothing was due", { watch: { to: 7, received: emitted.slice(0, 8) } }],
  ["a socket sees", "was due", { watch: { from: [10], received: emitted } }],
  ["a socket sees", "begins nowhere", { watch: { from: [] } }],
  ["a socket sees", "which there is not", { watch: { conversationId: "d" } }],
  ["who reads gets everything", "<t2 turn-sealed> never came", { watch: { received: emitted.slice(0, -1) } }],
  ["who reads gets everything", "never came", { watch: { from: [10], received: [] } }],
  ["a turn is aborted", "though nobody stopped it", { conversation: { cancelled: [] } }],
  ["a turn is aborted", "and its done says stop", { conversation: { cancelled: [{ turnId: "t1", at: 8 }] } }],
  ["a turn is aborted", "after t2 was cancelled", { conversation: { cancelled: [{ turnId: "t2", at: 12 }] } }],
  ["a turn is aborted", "has no done", { conversation: { emitted: emitted.slice(0, 13) } }],
  ["a turn is aborted", "t2 is never sealed", { conversation: { emitted: emitted.slice(0, 14) } }],
  ["nothing comes", "a delta of d", { socket: { strays: ["a delta of d"] } }],
  [
    "the surface comes before",
    "an update came before",
    { surface: { received: [{ kind: "update", version: 6 }, ...shownSurface.received.slice(2)] } },
  ],
  ["the surface comes before", "shown 2 times", { surface: { asked: 1 } }],
  ["the surface comes before", "shown only 2 times", { surface: { asked: 3 } }],
  [
    "a surface's versions",
    "version 3 came after 5",
    { surface: { received: [...shownSurface.received.slice(1, 3), { kind: "update", version: 3 }] } },
  ],
  [
    "a surface's versions",
    "version 3 came after 7",
    { socket: { surfaces: [shownSurface, { ...shownSurface, received: [{ kind: "surface", version: 3 }] }] } },
  ],
  ["a surface's versions", "never came, only 5", { surface: { received: shownSurface.received.slice(0, 3) } }],
  [
    "a surface's versions",
    "and 6 is the newest",
    { view: { atRest: false, surfaces: [{ key: "s", newest: 6, isFailing: false }] } },
  ],
  ["a broadcast reaches", "three never came", { socket: { broadcast: { from: 1, received: ["two"] } } }],
  ["a broadcast reaches", "three came, where two was due", { socket: { broadcast: { from: 1, received: ["three"] } } }],
  [
    "a broadcast reaches",
    "three came, where nothing was due",
    { socket: { broadcast: { from: 1, received: ["two", "three", "three"] } } },
  ],
  ["a broadcast reaches", "one came, where two", { socket: { broadcast: { from: 1, received: ["one"] } } }],
  ["one turn at a time", "before t1 is sealed", { conversation: { emitted: without(9) } }],
  ["one turn at a time", "without a done", { conversation: { emitted: without(8) } }],
  ["one turn at a time", "after the turn's done", { conversation: { emitted: emitted.toSpliced(9, 0, done("t1")) } }],
  ["one turn at a time", "after the turn was sealed", { conversation: { emitted: [...emitted, sealed("t2")] } }],
  ["one turn at a time", "after another turn has begun", { conversation: { emitted: [...emitted, say("t1", "x")] } }],
  ["one turn at a time", "before the turn's user-message", { conversation: { emitted: without(0) } }],
  [
    "one turn at a time",
    "not the first of its turn",
    { conversation: { emitted: emitted.toSpliced(3, 0, question("t1", "x")) } },
  ],
  ["one turn at a time", "late", { conversation: { emitted: emitted.toSpliced(3, 0, start("t1")) } }],
  ["one turn at a time", "without an error event", { conversation: { emitted: emitted.with(8, done("t1", "error")) } }],
  ["a text that was accepted", "does not show", { conversation: { texts: conversation.texts.slice(1) } }],
  ["a text that was accepted", "does not show", { conversation: { texts: conversation.texts.slice(0, 3) } }],
  ["a text that was accepted", "does not show", { conversation: { texts: [{ text: "hello", at: 1 }] } }],
  ["a text that was accepted", "does not show", { conversation: { texts: conversation.texts.toReversed() } }],
  [
    "a text that was accepted",
    'leaves out "last"',
    { conversation: { texts: [...conversation.texts, { text: "last", at: 9 }] } },
  ],
  [
    "a text that was accepted",
    '"last" waits for ever',
    { conversation: { texts: [...conversation.texts, { text: "last", at: 11 }] } },
  ],
  [
    "turn events never overtake",
    "before t1 is sealed",
    { watch: { received: [...emitted.slice(0, 9), ...emitted.slice(10), sealed("t1")] } },
  ],
  ["a refused request", "not now never came", { socket: { refusals: { owed: ["no", "not now"], received: ["no"] } } }],
  ["a refused request", "where none was due", { socket: { refusals: { owed: [], received: ["no"] } } }],
  ["a refused request", "where no was due", { socket: { refusals: { owed: ["no"], received: ["not now"] } } }],
  ["a request with an id", "the reply to a never came: ok or no", replies([])],
  ["a request with an id", "a second reply to a came: ok", replies(["a ok", "a ok"])],
  ["a request with an id", "the reply odd to a came, where ok or no was due", replies(["a odd"])],
  ["a request with an id", "the reply ok to b came, and nobody asked", replies(["a ok", "b ok"])],
  ["a subscription gets its verdict", "c never came", { socket: { verdicts: { owed: ["c"], wrong: [] } } }],
  ["a subscription gets its verdict", "true at no moment", { socket: { verdicts: { owed: [], wrong: ["it"] } } }],
  ["an event has one number", "where seq 2 was due", { watch: { numbers: [...numbers(0, 1), ...numbers(2, 16)] } }],
  [
    "an event has one number",
    "event 1 is seq 2 of e for Bob, and was seq 1 of e for another",
    { view: { sockets: [numbered("Ann", 0), numbered("Bob", 1)] } },
  ],
];

for (const [promise, says, changes] of broken)
  test(`"${promise}" is broken: ${says}`, () => {
    const found = brokenPromises(viewWith(changes)).filter((problem) => problem.startsWith(promise));
    assert.is(found.length, 1, JSON.stringify(brokenPromises(viewWith(changes))));
    assert.ok(found[0]?.includes(says), found[0]);
  });

test("every promise has a view that breaks it", () => {
  for (const { name } of invariants)
    assert.ok(
      broken.some(([promise]) => name.startsWith(promise)),
      name,
    );
});

test("a problem names the promise, its clause, the socket and the conversation", () => {
  assert.equal(brokenPromises(viewWith({ watch: { received: emitted.slice(0, -1) } })), [
    "who reads gets everything, whatever others do (protocol 1.5.1, 1.5.2): Ann: c: <t2 turn-sealed> never came",
  ]);
});

test.run();

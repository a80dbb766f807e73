// The actors of running servers do what their charts do: on the simulated clock and on real sockets, with a scripted
// host and with the whole server. And an actor that does anything else is found.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createActor } from "xstate";
import { turnMachine } from "../../machines/turn.ts";
import { watchMachine } from "../../machines/watch.ts";
import { budgets } from "../budgets.ts";
import { simulate } from "../simulation/simulate.ts";
import { chosenSeed } from "../support/seed.ts";
import { charts } from "./charts.ts";
import { type Move, Replay } from "./conformance/replay.ts";
import { untried } from "./conformance/triples.ts";
import { Conformance } from "./conformance.ts";
import { mutantsOf } from "./mutants/generate.ts";
import { playRandomHistories } from "./random.ts";

const test = suite("model: conformance");

const seed = chosenSeed("conformance");
const { conformance } = budgets.model;

test("each move of each actor is one that its chart makes, from the same state to the same state", async () => {
  const watched = new Conformance(charts);
  const { failures } = await simulate({
    ...{ seed, seeds: conformance.seeds },
    sabotage: ({ gateway }) => watched.watch(gateway.root),
  });
  assert.equal(failures, []);
  for (const embedded of [false, true]) {
    const options = { seed, runs: conformance.histories, embedded, watch: watched.watch };
    assert.equal((await playRandomHistories(options)).failures, []);
  }
  assert.equal(watched.problems, []);
  process.stdout.write(`${watched.moves} moves, ${watched.triples.size} of different kinds\n`);
  assert.ok(watched.moves > 100 * conformance.seeds, `only ${watched.moves} moves`);
});

const [lag, drain] = [{ type: "socket.congested" }, { type: "socket.drained" }] as const;
const joining = new Replay(watchMachine).placeOf("joining");
const lagging: Move = {
  event: lag.type,
  taken: [["watch.joining socket.congested 0"]],
  value: "lagging",
};

/** What is wrong with each, as the replay must say it. */
const doctored: [move: Partial<Move>, says: RegExp][] = [
  [
    { value: "live" },
    /^watch in "joining" on socket.congested: the actor came to "live"; the chart comes to "lagging"$/,
  ],
  [{ taken: [["watch.live socket.congested 0"]] }, /the actor took watch.live .*; the chart takes watch.joining /],
  [{ taken: [] }, /the actor took no transition; the chart takes watch.joining socket.congested 0$/],
  [{ event: drain.type }, /on socket.drained: the actor took watch.joining .*; the chart takes no transition$/],
];

test("a move with another event, another transition or another state than the chart's is found", () => {
  const replay = new Replay(watchMachine);
  assert.ok("place" in replay.follow(joining, lagging));
  for (const [change, says] of doctored) {
    const followed = replay.follow(joining, { ...lagging, ...change });
    assert.match("problem" in followed ? followed.problem : "nothing", says);
  }
});

test("a branch that was taken although the one before it has no guard is found", () => {
  const replay = new Replay(turnMachine);
  const running = replay.placeOf({ running: { working: "starting" } });
  const check = (index: number): Move => ({
    ...{ event: "turn.checked", taken: [[`turn.running turn.checked ${index}`]] },
    value: ["overtime", "unwatched", "lost", { running: "stalled" }][index] ?? "",
  });
  for (const index of [0, 1, 2, 3]) assert.ok("place" in replay.follow(running, check(index)), `branch ${index}`);
  const ended = replay.follow(running, { ...check(0), value: "lost" });
  assert.match("problem" in ended ? ended.problem : "nothing", /came to "lost"; the chart comes to "overtime"/);
});

test("an actor that runs another chart than the one in its file is found", () => {
  const faulty = mutantsOf(watchMachine).filter(({ place }) => place.startsWith("watch.lagging socket.drained"));
  assert.ok(faulty.length > 1);
  for (const { key, machine } of faulty) {
    const watched = new Conformance(charts);
    const actor = createActor(machine, { input: { connectionId: "", conversationId: "", instance: 1 } });
    watched.watch(actor);
    actor.start();
    for (const event of [lag, drain]) actor.send(event);
    assert.is(watched.problems.length, 1, key);
    assert.match(watched.problems[0] ?? "", /^watch in "lagging" on socket.drained: the actor /);
  }
});

test("what a server does and the exploration has not tried is told, unless the list excuses it", () => {
  const [tried, other] = ['watch "live" on socket.congested: a', 'watch "live" on socket.congested: b'];
  const open = (chatTurn: string, step: string) =>
    `connection {"open":{"flow":"flowing","chatTurn":"${chatTurn}"}} on ${step}`;
  const stuck = "socket.stuck: connection.open socket.stuck 0";
  const seen = [
    tried,
    other,
    open("quiet", "ping: connection.open ping 0"),
    open("running", stuck),
    open("quiet", "x: nothing"),
  ];
  assert.equal(untried(seen, new Set([tried, open("quiet", stuck), open("running", "x: nothing")])), [
    `a server does what the exploration has not tried: ${open("quiet", "x: nothing")}`,
    `a server does what the exploration has not tried: ${other}`,
  ]);
});

test.run();

// The watchdog of running turns: an agent that gives no sign of life is shown as stalled, and an option stops turns
// without watchers.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { SimulatedClock } from "../support/clock.ts";
import { openFixture, Puppet, settle } from "../support/orchestrator-fixture.ts";

const test = suite("the watchdog of running turns");

async function running(options: { watchers?: () => number; orphanMs?: number } = {}) {
  const clock = new SimulatedClock();
  const puppet = new Puppet();
  const fixture = openFixture({ clock, agents: [puppet.agent], ...options });
  const { events } = fixture.watch("c");
  assert.ok(fixture.orchestrator.startTurn({ conversationId: "c", text: "go" }).started);
  await settle(clock);
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settle(clock);
  };
  return { clock, puppet, fixture, events, pass };
}

test("an agent that is silent for agentSilentMs is stalled, and its next event restores its state", async () => {
  const { puppet, fixture, pass } = await running();
  puppet.say({ type: "text-delta", delta: "a" });
  await pass(0);
  await pass(limits.agentSilentMs - limits.turnCheckMs);
  assert.is(fixture.activity("c"), "writing");
  assert.is(fixture.stalledTurns(), 0);
  await pass(2 * limits.turnCheckMs);
  assert.is(fixture.activity("c"), "stalled");
  assert.is(fixture.stalledTurns(), 1);
  assert.ok((fixture.progress("c")?.saidMsAgo ?? 0) >= limits.agentSilentMs);
  assert.is(fixture.progress("c")?.lastEvent, "text-delta");
  puppet.say({ type: "text-delta", delta: "b" });
  await pass(0);
  assert.is(fixture.activity("c"), "writing");
  assert.is(fixture.stalledTurns(), 0);
  await pass(limits.agentSilentMs + 2 * limits.turnCheckMs);
  assert.is(fixture.activity("c"), "stalled", "stalled a second time");
  puppet.finish();
  await pass(0);
  assert.is(fixture.activity("c"), "idle");
  fixture.close();
});

test("a stalled turn's actor gets no event until another of its times is over", async () => {
  const { puppet, fixture, pass } = await running();
  puppet.say({ type: "text-delta", delta: "a" });
  await pass(0);
  await pass(limits.agentSilentMs + 2 * limits.turnCheckMs);
  assert.is(fixture.activity("c"), "stalled");
  const [turn] = fixture.registry.alive("turn").keys();
  let events = 0;
  const watching = turn?.system.inspect(({ type }) => {
    if (type === "@xstate.event") events++;
  });
  for (let check = 0; check < 60; check++) await pass(limits.turnCheckMs);
  assert.is(events, 0);
  watching?.unsubscribe();
  fixture.close();
});

test("output of a stalled tool restores the state runningTools, and the tool's result leads on", async () => {
  const { puppet, fixture, pass } = await running();
  puppet.say({ type: "tool-call", stepId: "s", toolCallId: "t", toolName: "look", input: {} });
  await pass(0);
  await pass(limits.agentSilentMs + 2 * limits.turnCheckMs);
  assert.is(fixture.activity("c"), "stalled");
  puppet.say({ type: "tool-output", toolCallId: "t", data: "…", stream: "stdout" });
  await pass(0);
  assert.is(fixture.activity("c"), "runningTools");
  await pass(limits.agentSilentMs + 2 * limits.turnCheckMs);
  puppet.say({
    ...{ type: "tool-result", stepId: "s", toolCallId: "t", toolName: "look" },
    ...{ content: "seen", isError: false },
  });
  await pass(0);
  assert.is(fixture.activity("c"), "continuing");
  puppet.finish();
  await pass(0);
  fixture.close();
});

test("an agent that is silent for agentLostMs is lost: its turn is aborted and sealed", async () => {
  const { puppet, fixture, events, pass } = await running();
  puppet.say({ type: "text-delta", delta: "so far" });
  await pass(0);
  await pass(limits.agentLostMs - limits.turnCheckMs);
  assert.is(fixture.activity("c"), "stalled");
  assert.ok((fixture.progress("c")?.lostInMs ?? 0) <= limits.turnCheckMs);
  await pass(2 * limits.turnCheckMs);
  assert.equal(
    events.slice(-2).map((event) => (event.type === "done" ? `done ${event.reason}` : event.type)),
    ["done aborted", "turn-sealed"],
  );
  assert.is(fixture.orchestrator.isActive("c"), false);
  fixture.close();
});

test("a turn without watchers for orphanMs is stopped, and its text is kept", async () => {
  const orphanMs = 10 * 60_000;
  let watchers = 1;
  const { puppet, fixture, events, pass, clock } = await running({ watchers: () => watchers, orphanMs });
  puppet.say({ type: "text-delta", delta: "so far" });
  await pass(0);
  const speaks = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 60_000) {
      puppet.say({ type: "text-delta", delta: "." });
      await pass(Math.min(left, 60_000));
    }
  };
  await speaks(2 * orphanMs);
  assert.is(fixture.orchestrator.isActive("c"), true, "the turn has a watcher");
  watchers = 0;
  await speaks(orphanMs - 2 * limits.turnCheckMs);
  watchers = 1;
  await pass(2 * limits.turnCheckMs);
  watchers = 0;
  await speaks(orphanMs - limits.turnCheckMs);
  assert.is(fixture.orchestrator.isActive("c"), true, "a watcher in between restarts the time");
  await pass(3 * limits.turnCheckMs);
  assert.is(fixture.orchestrator.isActive("c"), false);
  const done = events.find(({ type }) => type === "done");
  assert.is(done && "reason" in done ? done.reason : undefined, "aborted");
  const [, answer] = fixture.store.chunks("c").map(({ chunk }) => ("text" in chunk ? chunk.text : ""));
  assert.match(answer ?? "", /^so far\.+$/);
  const stopped = fixture.lines.filter(({ message }) => message === "orchestrator: a turn was stopped");
  assert.equal(
    stopped.map(({ fields }) => fields),
    [{ conversationId: "c", turnId: done && "turnId" in done ? done.turnId : "", end: "unwatched" }],
  );
  assert.equal([...fixture.turnEnds], [["unwatched", 1]]);
  fixture.close();
  assert.is(clock.pending, 0);
});

test("the turn that queued texts open has its own time limit", async () => {
  const orphanMs = 60_000;
  const { puppet, fixture, events, pass } = await running({ watchers: () => 0, orphanMs });
  assert.ok("queue" in fixture.orchestrator.enqueue({ conversationId: "c", text: "and this" }));
  await pass(orphanMs + 2 * limits.turnCheckMs);
  const ends = (): number => events.filter(({ type }) => type === "done").length;
  assert.is(ends(), 1);
  assert.is(fixture.orchestrator.isActive("c"), true, "the queued text is being answered");
  puppet.say({ type: "text-delta", delta: "answer" });
  await pass(orphanMs / 2);
  assert.is(ends(), 1);
  await pass(orphanMs);
  assert.is(ends(), 2);
  fixture.close();
});

test("by default a turn without watchers is never stopped, and when no turn runs no timer is left", async () => {
  const { puppet, fixture, pass, clock } = await running({ watchers: () => 0 });
  for (let minute = 0; minute < 15; minute++) {
    puppet.say({ type: "text-delta", delta: "." });
    await pass(60_000);
  }
  assert.is(fixture.orchestrator.isActive("c"), true);
  puppet.finish();
  await pass(limits.turnCheckMs);
  assert.is(clock.pending, 0);
  fixture.close();
});

test.run();

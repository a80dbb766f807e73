// Implements the states and events of the turn model on the whole embedded server: what the agent says and does, what
// ends the turn, and what the client and the server's own actors must show. It must never send an event to an actor:
// the charts may receive only what the agent, the clock and the wire cause.

import * as assert from "uvu/assert";
import type { StateValue } from "xstate";
import { shownBytes } from "../../../src/protocol/text-size.ts";
import { fixtureLimits } from "../fixtures.ts";
import type { TurnModelEvent } from "../models/turn.ts";
import type { Implementation } from "../play.ts";
import type { Servers } from "./servers.ts";
import { TurnVisit } from "./turn/turn-visit.ts";

type Events = Record<TurnModelEvent["type"], (visit: TurnVisit) => unknown>;

const finishes =
  (reason: "stop" | "length" | "tool-calls") =>
  (visit: TurnVisit): void => {
    visit.puppet.finish({ reason });
    visit.expects({ type: "done", reason });
  };

const events: Events = {
  "agent.reasons": (visit) => visit.says({ type: "reasoning-delta", delta: visit.nextWord() }),
  "agent.writes": (visit) => visit.says({ type: "text-delta", delta: visit.nextWord() }),
  "agent.callsTool": (visit) => visit.callsTool(),
  "tool.returns": (visit) => visit.toolReturns(),
  "agent.retries": (visit) =>
    visit.says({ type: "provider-retry", attempt: 0, delayMs: 500, message: visit.nextWord(), code: "busy" }),
  "agent.completesStep": (visit) => visit.completesStep(),
  "agent.stalls"(visit) {
    assert.is(visit.server.clock.elapse(fixtureLimits.turnCheckMs), 1, "one check of the running turns is scheduled");
  },
  async "agent.takesTexts"(visit) {
    const text = visit.nextWord();
    visit.person.send({ type: "chat.queue", conversationId: visit.id, text });
    await visit.person.barrier();
    const { run } = visit.puppet;
    assert.equal([run.drainSteering(), run.drainSteering()], [text, undefined], "the text is handed over once");
    visit.says({ type: "steering", text });
  },
  "agent.stops": finishes("stop"),
  "agent.reachesLength": finishes("length"),
  "agent.reachesStepLimit": finishes("tool-calls"),
  "agent.fails"(visit) {
    visit.puppet.fail(Object.assign(new Error("it broke"), { code: "broken" }));
    visit.expects({ type: "error", message: "it broke", code: "broken" }, { type: "done", reason: "error" });
  },
  "agent.saysTooMuch"(visit) {
    const { deltaCharactersMax, turnLogBytesMax } = fixtureLimits;
    visit.puppet.say({ type: "text-delta", delta: "x".repeat(turnLogBytesMax) });
    const message = `the turn was ended because it is larger than ${shownBytes(turnLogBytesMax)}`;
    visit.expects(
      { type: "text-delta", delta: "x".repeat(deltaCharactersMax) },
      { type: "error", message, code: "turn-too-large" },
      { type: "done", reason: "error" },
    );
  },
  "person.cancels"(visit) {
    visit.person.send({ type: "chat.cancel", conversationId: visit.id, turnId: visit.turnId });
    visit.expects({ type: "done", reason: "aborted" });
  },
  async "person.closes"(visit) {
    const answer = await fetch(`${visit.server.httpUrl}/conversations/${visit.id}/close`, { method: "POST" });
    assert.equal(await answer.json(), { conversationId: visit.id, abortedTurn: true });
    visit.isClosed = true;
    visit.expects({ type: "done", reason: "aborted" });
  },
  "time.isOver"(visit) {
    visit.server.clock.advance(fixtureLimits.turnMs);
    visit.isChecked();
    visit.expects({ type: "done", reason: "aborted" });
  },
  "agent.isLost"(visit) {
    visit.server.clock.advance(fixtureLimits.agentLostMs);
    visit.isChecked();
    visit.expects({ type: "done", reason: "aborted" });
  },
  async "everyone.leaves"(visit) {
    await visit.isLeft();
    visit.isChecked();
    visit.expects({ type: "done", reason: "aborted" });
  },
  async "server.stops"(visit) {
    visit.expects({ type: "done", reason: "interrupted" });
    await visit.server.stop();
    visit.isDown = true;
  },
};

const runs = (running: StateValue, inWords: string) => async (visit: TurnVisit) => {
  await visit.hasHeardAll();
  await visit.showsState(inWords);
  visit.actorsAre("generating", { running });
  assert.not.ok(visit.puppet.run.signal.aborted);
};

const ends = (how: StateValue, agentHasEnded: boolean) => async (visit: TurnVisit) => {
  visit.expectsSeal();
  await visit.hasHeardAll();
  visit.hasEnded(how, { agentHasEnded });
  assert.is(visit.puppet.run.signal.aborted, true, "the agent of an ended turn is told to stop");
  if (visit.isDown) return;
  if (visit.isUnwatched) {
    await visit.isGone();
    await visit.isStored();
    return;
  }
  const rests = visit.isClosed ? "closed" : "idle";
  await visit.showsState(rests);
  visit.actorsAre({ resting: rests }, undefined);
  await visit.isStored();
};

const stalled = "stalled: no sign of life from the agent";

const states: Implementation<TurnVisit>["states"] = {
  "running.starting": runs({ working: "starting" }, "starting"),
  "running.thinking": runs({ working: "thinking" }, "thinking"),
  "running.writing": runs({ working: "writing" }, "writing"),
  "running.runningTools": runs({ working: "runningTools" }, "running tools"),
  "running.continuing": runs({ working: "continuing" }, "continuing"),
  "running.retrying": runs({ working: "retrying" }, "retrying"),
  "running.stalledAtStart": runs("stalled", stalled),
  "running.stalledInTools": runs("stalled", stalled),
  "finished.withStop": ends("done", true),
  "finished.withLength": ends("done", true),
  "finished.withStepLimit": ends("done", true),
  failed: ends("failed", true),
  outgrown: ends("outgrown", false),
  cancelled: ends("cancelled", false),
  overtime: ends("overtime", false),
  lost: ends("lost", false),
  unwatched: ends("unwatched", false),
  interrupted: ends("interrupted", false),
};

export function turnPlayer(servers: Servers): Implementation<TurnVisit> {
  let visits = 0;
  const inFixture = (run: (visit: TurnVisit) => Promise<void>): Promise<void> =>
    servers.lend(async (server, puppets) => {
      const conversationId = `turn-${++visits}`;
      const visit = await TurnVisit.begin(server, puppets, conversationId);
      await run(visit);
      return visit.isDown ? "down" : { server, conversationId, defects: 0 };
    });
  return { inFixture, states, events };
}

// What the agent, the store, time and the process may do to a conversation and its turn.
import type { AgentAct } from "../bounds.ts";
import type { TurnGuard } from "../charts.ts";
import { around, stop, tell, tellTurn } from "../conversation.ts";
import type { Stage } from "../stage.ts";
import type { Runner } from "../state.ts";
import { openTurnOf, say } from "../turn.ts";
import type { Step, StepKind } from "./step.ts";

export function conversationSteps(stage: Stage, steps: Step[]): void {
  const { world, setting } = stage;
  const { bounds, charts } = setting;
  const { conversation } = world;
  const add = (kind: StepKind, words: string, take: (stage: Stage) => void): void =>
    void steps.push({ words, kind, take });
  if (!bounds.hasConversation) return;
  if (conversation.runner) agentSteps(stage, conversation.runner, add);
  if (conversation.chart !== 0)
    for (const type of charts.conversation.deadlinesOf(conversation.chart))
      add("owed", `time passes: ${type}`, (on) => tell(on, { type }));
  if (bounds.storeMayFail) {
    if (conversation.isStoreFailing) add("owed", "the store has room again", (on) => failStore(on, false));
    else add("free", "the store begins to fail", (on) => failStore(on, true));
  }
  if (bounds.endings.includes("closed"))
    add("free", "somebody closes the conversation", (on) => stop(on, "conversation.close"));
  if (bounds.endings.includes("interrupted") && conversation.chart !== 0 && !conversation.isDraining)
    add("free", "the server interrupts its turns, to stop", interrupt);
}

function failStore({ world }: Stage, isFailing: boolean): void {
  world.conversation.isStoreFailing = isFailing;
}

function interrupt(stage: Stage): void {
  const open = openTurnOf(stage);
  stage.world.conversation.isDraining = true;
  tell(stage, { type: "turn.interrupt" });
  if (open && !open.isDone) expectEnd(stage, "the server interrupts its turns", open.turn, "interrupted");
}

const failure = { message: "it failed" };

function agentSteps(
  stage: Stage,
  runner: Runner,
  add: (kind: StepKind, words: string, take: (stage: Stage) => void) => void,
): void {
  const { bounds } = stage.setting;
  if (!runner.isAgentAtWork) return;
  if (runner.ended !== undefined) {
    add("owed", "the agent that was told to stop has stopped", (on) => {
      const present = on.world.conversation.runner;
      if (present) present.isAgentAtWork = false;
      tell(on, { type: "agent.ended" });
    });
    return;
  }
  const ends = (
    kind: StepKind,
    words: string,
    reason: string,
    event: { type: string; [field: string]: unknown },
    holds: readonly TurnGuard[] = [],
  ): void =>
    add(kind, words, (on) => {
      const present = on.world.conversation.runner;
      if (present && event.type.startsWith("agent.")) present.isAgentAtWork = false;
      if (event.type === "turn.checked" && present) noteStopped(on, present.turn);
      tellTurn(on, event, holds);
      expectEnd(on, words, runner.turn, reason);
    });
  ends("owed", "the agent finishes", "stop", { type: "agent.finished", reason: "stop" });
  for (const ending of bounds.endings) {
    if (ending === "fails") ends("free", "the agent crashes", "error", { type: "agent.failed", failure });
    if (ending === "outgrows") ends("free", "the turn outgrows its log", "error", { type: "log.full", failure });
    const checked = { type: "turn.checked" };
    if (ending === "overtime") ends("free", "the turn's time is over", "aborted", checked, ["isOvertime"]);
    if (ending === "unwatched") ends("free", "nobody has watched the turn", "aborted", checked, ["isUnwatched"]);
    if (ending === "lost" && runner.isStalled)
      ends("free", "the agent stays silent", "aborted", checked, ["isSilent", "isLost"]);
  }
  if (runner.agentEvents >= bounds.agentEvents) return;
  for (const act of bounds.agentActs) {
    const words = saysOf(stage, runner, act);
    if (words !== undefined) add("free", words, (on) => around(on, () => speak(on, act)));
  }
}

/** Reports a problem unless the turn has ended with this reason. */
function expectEnd(stage: Stage, words: string, turn: number, reason: string): void {
  const { events } = stage.setting;
  const said = stage.world.conversation.emitted.map((event) => events.at(event));
  const done = said.find((event) => event.turn === turn && event.type === "done");
  if (done?.reason !== reason) stage.problem(`${words}, and the turn's done says ${done?.reason ?? "nothing yet"}`);
}

function noteStopped({ world }: Stage, turn: number): void {
  const { conversation } = world;
  conversation.cancelled = [...conversation.cancelled, { turn, at: conversation.emitted.length }];
}

function saysOf({ world }: Stage, runner: Runner, act: AgentAct): string | undefined {
  const { conversation } = world;
  if (act === "text") return "the agent says a word";
  if (act === "reasoning") return "the agent thinks a word";
  if (act === "tools") return runner.isToolOpen ? "the agent's tool has its result" : "the agent calls a tool";
  if (act === "retry") return runner.phase === "starting" ? "the agent's provider is to be tried again" : undefined;
  if (act === "silence") return runner.isStalled ? undefined : "the agent is silent for long";
  if (act === "step") return "the agent completes a step";
  if (conversation.handed.length > 0) return "the agent takes up the texts it was handed";
  return conversation.waiting.length > 0 ? "the waiting texts are handed to the agent" : undefined;
}

/** Emits the agent's event and signals its phase to the chart in the same order as TurnRunner. */
function speak(stage: Stage, act: AgentAct): void {
  const { conversation } = stage.world;
  const { runner } = conversation;
  if (!runner) return;
  const enter = (phase: string, type: string): void => {
    if (runner.phase === phase) return;
    runner.phase = phase;
    tellTurn(stage, { type });
  };
  if (act === "silence") {
    runner.isStalled = true;
    tellTurn(stage, { type: "turn.checked" }, ["isSilent"]);
    return;
  }
  if (runner.isStalled) {
    runner.isStalled = false;
    tellTurn(stage, { type: "agent.resumed" });
  }
  const nth = runner.agentEvents;
  if (act === "steering" && conversation.handed.length === 0) {
    conversation.handed = [conversation.waiting];
    conversation.waiting = [];
    return;
  }
  runner.agentEvents++;
  switch (act) {
    case "text":
      enter("writing", "agent.writing");
      say(stage, "text-delta", { delta: `w${nth} ` });
      return;
    case "reasoning":
      enter("thinking", "agent.thinking");
      say(stage, "reasoning-delta", { delta: `w${nth} ` });
      return;
    case "tools":
      if (!runner.isToolOpen) enter("runningTools", "tools.started");
      say(stage, runner.isToolOpen ? "tool-result" : "tool-call");
      if (runner.isToolOpen && runner.phase === "runningTools") enter("continuing", "tools.finished");
      runner.isToolOpen = !runner.isToolOpen;
      return;
    case "retry":
      say(stage, "provider-retry");
      enter("retrying", "retry.scheduled");
      return;
    case "step":
      say(stage, "step-complete");
      enter("continuing", "step.finished");
      return;
    case "steering": {
      const [texts, ...later] = conversation.handed;
      conversation.handed = later;
      say(stage, "steering", texts && { texts });
    }
  }
}

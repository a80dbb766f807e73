// The conversation's work as src/embedded/orchestrator does it: the turn's runner, the queued texts, the store's
// answers and the turn's events. Must never decide what may happen when: the charts decide that.
import type { AnyEventObject } from "xstate";
import type { StoreInput } from "../../../machines/conversation.ts";
import type { TurnEnding } from "../../../machines/turn.ts";
import type { Effect } from "./chart.ts";
import { conversationGuards, type TurnGuard, turnGuards } from "./charts.ts";
import type { Answer, Stage } from "./stage.ts";
import { conclude, openTurn, openTurnOf, say, seal } from "./turn.ts";

const failure = { message: "it failed" };
const withTurn = ["generating", "stopping", "sealing", "recovering"];

/** Orchestrator.isActive. */
export function isActive(stage: Stage): boolean {
  const { chart } = stage.world.conversation;
  return chart !== 0 && withTurn.some((name) => stage.setting.charts.conversation.isIn(chart, name));
}

// ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Sends or queues a text. The text is accepted when it starts a turn or is queued. */
export function ask(stage: Stage, type: "turn.start" | "text.queue"): Answer | undefined {
  const { conversation } = stage.world;
  const text = conversation.textsAccepted + 1;
  const before = conversation.texts;
  conversation.texts = [...before, { text, at: conversation.emitted.length }];
  conversation.textsAccepted = text;
  const answer = use(stage, () => command(stage, type, { text }));
  if (answer !== "started" && answer !== "queued") {
    conversation.texts = before;
    conversation.textsAccepted = text - 1;
  }
  return answer;
}

/** Withdraws the text that was queued last. */
export function withdraw(stage: Stage): void {
  const { conversation } = stage.world;
  const last = conversation.waiting.at(-1);
  if (conversation.chart === 0 || last === undefined) return;
  const wasDue = !conversation.isStoreFailing;
  const answer = around(stage, () => host(stage, () => command(stage, "text.withdraw", { withdraw: last })));
  if (answer === "withdrawn") conversation.texts = conversation.texts.filter(({ text }) => text !== last);
  if ((answer === "withdrawn") !== wasDue) stage.problem(`withdrawing a text was answered with ${answer}`);
}

/** Stops the running turn or closes the conversation. */
export function stop(stage: Stage, type: "turn.cancel" | "conversation.close"): void {
  const { conversation } = stage.world;
  const open = openTurnOf(stage);
  const isDue = open !== undefined && !open.isDone;
  if (isDue) conversation.cancelled = [...conversation.cancelled, { turn: open.turn, at: conversation.emitted.length }];
  const send = (): Answer | undefined => command(stage, type, {});
  const isAwake = conversation.chart !== 0;
  if (type === "turn.cancel" && !isAwake) return;
  const answer = type === "turn.cancel" ? around(stage, () => host(stage, send)) : use(stage, send);
  if ((answer === "cancelled") !== isDue)
    stage.problem(`${type} was answered with ${answer ?? "nothing"}, and a turn ${isDue ? "ran" : "did not run"}`);
}

/** Starts the conversation's actor, if there is none, for a new subscriber. The caller replays the running turn. */
export function wake(stage: Stage): void {
  use(stage, () => undefined);
}

export function seeWhoIsThere(stage: Stage): void {
  if (nobodyIsThere(stage)) tell(stage, { type: "everyone.left" });
}

function command(stage: Stage, type: string, asked: { text?: number; withdraw?: number }): Answer | undefined {
  const exchange = stage.exchange;
  exchange.answer = undefined;
  exchange.text = asked.text;
  exchange.withdraw = asked.withdraw;
  tell(stage, { type, asked: {} });
  return exchange.answer;
}

function use<T>(stage: Stage, run: () => T): T {
  return host(stage, () => {
    if (stage.world.conversation.chart === 0) adopt(stage);
    return around(stage, run);
  });
}

function host<T>(stage: Stage, run: () => T): T {
  stage.guests++;
  const outcome = run();
  stage.guests--;
  seeWhoIsThere(stage);
  return outcome;
}

/** Runs a function. After the outermost run, delivers the events that were emitted meanwhile. */
export function around<T>(stage: Stage, run: () => T): T {
  stage.outboxDepth++;
  const outcome = run();
  stage.outboxDepth--;
  while (stage.outboxDepth === 0 && stage.settleQueue.length > 0) {
    const said = stage.settleQueue;
    stage.settleQueue = [];
    for (const event of said) stage.hear(event);
  }
  return outcome;
}

// ── the charts ──────────────────────────────────────────────────────────────────────────────────────────────────────

function guards(stage: Stage): boolean[] {
  const { conversation } = stage.world;
  const textsWait = conversation.waiting.length > 0;
  const answers: Record<(typeof conversationGuards)[number], boolean> = {
    answerIsUnsealed: conversation.runner !== undefined,
    turnWasCrashed: false,
    isClosed: conversation.isClosed,
    textsWait,
    textsCarryOver: textsWait && conversation.lastReason !== "interrupted",
    textsCameMeanwhile: false,
    conversationExists: conversation.exists,
    isTheTurnMeant: true,
    nobodyIsThere: nobodyIsThere(stage),
  };
  return conversationGuards.map((guard) => answers[guard]);
}

const nobodyIsThere = (stage: Stage): boolean => stage.guests === 0 && !stage.world.feed.isSubscribed;

function adopt(stage: Stage): void {
  const { conversation } = stage.world;
  const move = stage.setting.charts.conversation.begin(guards(stage));
  conversation.chart = move.to;
  around(stage, () => {
    for (const effect of move.effects) perform(stage, effect);
  });
}

export function tell(stage: Stage, event: AnyEventObject, name: string = event.type): void {
  around(stage, () =>
    stage.mailOfConversation.send(event, name, (next, nextName) => {
      const { conversation } = stage.world;
      if (conversation.chart === 0) return;
      const move = stage.setting.charts.conversation.step(conversation.chart, next, guards(stage), nextName);
      if (move.unexpected !== undefined) stage.problem(move.unexpected);
      conversation.chart = move.to;
      for (const effect of move.effects) perform(stage, effect);
      if (move.isDone) sleep(stage);
    }),
  );
}

/** The actor has ended; what remains is in the store. */
function sleep(stage: Stage): void {
  const { conversation } = stage.world;
  conversation.waiting = [...conversation.handed.flat(), ...conversation.waiting];
  conversation.handed = [];
  conversation.chart = 0;
  conversation.turnChart = 0;
  conversation.runner = undefined;
  conversation.lastReason = undefined;
}

/** @param holds the guards of the turn's chart that hold. */
export function tellTurn(stage: Stage, event: AnyEventObject, holds: readonly TurnGuard[] = []): void {
  const { conversation } = stage.world;
  if (conversation.turnChart === 0) return;
  around(stage, () => {
    const answers = turnGuards.map((guard) => holds.includes(guard));
    const move = stage.setting.charts.turn.step(conversation.turnChart, event, answers);
    if (move.unexpected !== undefined) stage.problem(move.unexpected);
    conversation.turnChart = move.to;
    for (const effect of move.effects) performTurn(stage, effect);
    if (!move.isDone) return;
    conversation.turnChart = 0;
    const done = { type: "xstate.done.actor.turn", output: move.output, actorId: "turn" };
    tell(stage, done, `${done.type} ${JSON.stringify(move.output)}`);
  });
}

function perform(stage: Stage, effect: Effect): void {
  const { conversation } = stage.world;
  const exchange = stage.exchange;
  const tellSelf = (type: string): void => tell(stage, { type });
  switch (effect.name) {
    case "refuseTurn":
      exchange.answer = "turn-running";
      return;
    case "queueText":
      exchange.answer = conversation.isStoreFailing ? "storage-failed" : "queued";
      if (conversation.isStoreFailing || exchange.text === undefined) return;
      conversation.isClosed = false;
      conversation.waiting = [...conversation.waiting, exchange.text];
      return;
    case "withdrawText":
      if (conversation.isStoreFailing) {
        exchange.answer = "storage-failed";
        return;
      }
      conversation.waiting = conversation.waiting.filter((text) => text !== exchange.withdraw);
      exchange.answer = "withdrawn";
      if (conversation.waiting.length === 0) tellSelf("queue.emptied");
      return;
    case "markClosed": {
      const discarded = [...conversation.handed.flat(), ...conversation.waiting];
      conversation.texts = conversation.texts.filter(({ text }) => !discarded.includes(text));
      conversation.waiting = [];
      conversation.handed = [];
      conversation.isClosed = true;
      return;
    }
    case "answerCancelled":
      if (conversation.runner) exchange.answer = "cancelled";
      return;
    case "failTurn":
      conclude(stage, { end: "failed", failure });
      return;
    case "abandonAgent":
      return;
    case "spawn": {
      if (effect.actor === "store") {
        const { task, asked } = effect.input as StoreInput;
        if (task === "open") tellSelf(openTurn(stage, asked && exchange.text) ? "turn.opened" : "turn.refused");
        else {
          if (task === "recover") stage.problem("a crashed turn is recovered, and none has crashed");
          tellSelf(seal(stage) ? "turn.stored" : "store.failed");
        }
        return;
      }
      const move = stage.setting.charts.turn.begin();
      conversation.turnChart = move.to;
      for (const each of move.effects) performTurn(stage, each);
      return;
    }
    case "stop":
      if (effect.actor === "turn") conversation.turnChart = 0;
      return;
    case "send":
      if (effect.event) tellTurn(stage, effect.event);
      return;
    default:
      stage.problem(`the conversation's chart asks for ${effect.name}, which the world has not`);
  }
}

function performTurn(stage: Stage, effect: Effect): void {
  const { conversation } = stage.world;
  const { runner } = conversation;
  switch (effect.name) {
    case "announceTurn":
      say(stage, "user-message");
      say(stage, "turn-start");
      return;
    case "spawn":
      if (runner) runner.isAgentAtWork = true;
      return;
    case "stop":
      // It is told to stop, and may go on for a while.
      return;
    case "noteActivity":
      return;
    case "conclude":
      conclude(stage, effect.params as TurnEnding);
      return;
    default:
      stage.problem(`the turn's chart asks for ${effect.name}, which the world has not`);
  }
}

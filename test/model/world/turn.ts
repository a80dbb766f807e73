// One turn apart from its chart, as src/embedded/orchestrator/turn-runner.ts and start-turn.ts implement it: how it
// is opened, what it emits, how it is concluded and sealed. Must emit an event only when a chart asks for it.
import { doneReasons, type TurnEnding } from "../../../machines/turn.ts";
import type { Stage } from "./stage.ts";
import type { Runner } from "./state.ts";

/** The turn that, by its events, has begun and is not sealed, and whether its `done` was emitted. */
export function openTurnOf(stage: Stage): { turn: number; start: number; isDone: boolean } | undefined {
  const { emitted } = stage.world.conversation;
  const { events } = stage.setting;
  const last = emitted.at(-1);
  if (last === undefined || events.at(last).type === "turn-sealed") return undefined;
  const { turn } = events.at(last);
  const start = emitted.findIndex((number) => events.at(number).turn === turn);
  return { turn, start, isDone: emitted.some((number, index) => index >= start && events.at(number).type === "done") };
}

export function openTurn(stage: Stage, text: number | undefined): boolean {
  const { conversation } = stage.world;
  const exchange = stage.exchange;
  if (conversation.isDraining || conversation.isStoreFailing) {
    exchange.answer = conversation.isDraining ? "draining" : "storage-failed";
    return false;
  }
  conversation.turnsBegun++;
  const runner: Runner = {
    turn: conversation.turnsBegun,
    phase: "starting",
    ended: undefined,
    isAgentAtWork: false,
    isToolOpen: false,
    isStalled: false,
    agentEvents: 0,
  };
  const isLosing = stage.setting.breakage === "loses a queued text" && conversation.waiting.length > 0;
  const waited = isLosing ? conversation.waiting.slice(1) : conversation.waiting;
  exchange.opening = [...waited, ...(text === undefined ? [] : [text])];
  conversation.waiting = [];
  conversation.runner = runner;
  conversation.isClosed = false;
  conversation.exists = true;
  exchange.answer = "started";
  return true;
}

/** Emits an event of the running turn. */
export function say(
  stage: Stage,
  type: string,
  more: { texts?: readonly number[]; delta?: string; reason?: string } = {},
): void {
  const { conversation } = stage.world;
  const { runner } = conversation;
  if (!runner) {
    stage.problem(`${type} is said and no turn runs`);
    return;
  }
  const texts = type === "user-message" ? stage.exchange.opening : more.texts;
  const event = stage.setting.events.number(runner.turn, type, { ...more, ...(texts && { texts }) });
  conversation.emitted = [...conversation.emitted, event];
  stage.settleQueue.push(event);
}

export function conclude(stage: Stage, ending: TurnEnding): void {
  const { conversation } = stage.world;
  const { runner } = conversation;
  if (!runner || runner.ended !== undefined) return;
  const reason = ending.reason ?? doneReasons[ending.end];
  if (reason === undefined) {
    stage.problem("a turn is concluded without a reason");
    return;
  }
  if (ending.failure !== undefined) say(stage, "error");
  say(stage, "done", { reason });
  if (stage.setting.breakage === "speaks after done") say(stage, "text-delta", { delta: "late" });
  conversation.waiting = [...conversation.handed.flat(), ...conversation.waiting];
  conversation.handed = [];
  runner.ended = reason;
}

export function seal(stage: Stage): boolean {
  const { conversation } = stage.world;
  if (conversation.runner) {
    if (conversation.isStoreFailing) return false;
    if (stage.setting.breakage !== "forgets the seal") say(stage, "turn-sealed");
  }
  conversation.lastReason = conversation.runner?.ended;
  conversation.runner = undefined;
  for (const socket of stage.world.sockets) socket.asks = false;
  return true;
}

// The production charts as imported, each with the guards that the world answers for it. Must never hold a copy: the
// explored charts are the ones that run in production, except for a faulty one that the world is tested with.
import type { AnyStateMachine } from "xstate";
import { connectionMachine } from "../../../machines/connection.ts";
import { conversationMachine } from "../../../machines/conversation.ts";
import { gatewayMachine } from "../../../machines/gateway.ts";
import { surfaceMachine } from "../../../machines/surface.ts";
import { turnMachine } from "../../../machines/turn.ts";
import { watchMachine } from "../../../machines/watch.ts";
import { isExpected } from "../structure.ts";
import { Chart, type Expectation } from "./chart.ts";

/** The answers are passed in this order. */
export const conversationGuards = [
  "answerIsUnsealed",
  "turnWasCrashed",
  "isClosed",
  "textsWait",
  "textsCarryOver",
  "textsCameMeanwhile",
  "conversationExists",
  "isTheTurnMeant",
  "nobodyIsThere",
] as const;

export const gatewayGuards = ["isLastPlace", "isLastWave", "noSocketIsLeft"] as const;
export type GatewayGuard = (typeof gatewayGuards)[number];

export const turnGuards = ["isSilent", "isLost", "isOvertime", "isUnwatched"] as const;
export type TurnGuard = (typeof turnGuards)[number];

const anythingGoes: Expectation = () => "handled";

export interface Charts {
  gateway: Chart;
  connection: Chart;
  watch: Chart;
  surface: Chart;
  conversation: Chart;
  turn: Chart;
}

/** A faulty chart in the place of the production chart with the same id, and how it is judged. */
export interface Trial {
  machine: AnyStateMachine;
  /** Only by its effects: what the charts say about themselves is believed. */
  isByEffects: boolean;
}

export function createCharts(trial?: Trial): Charts {
  const chart = (machine: AnyStateMachine, input: Record<string, unknown>, guards: readonly string[] = []): Chart =>
    new Chart({
      machine: trial?.machine.id === machine.id ? trial.machine : machine,
      ...{ input, guards, isExpected: trial?.isByEffects ? anythingGoes : isExpected },
    });
  const connectionId = "socket";
  const conversationId = "c";
  const surfaceId = "s";
  return {
    gateway: chart(gatewayMachine, {}, gatewayGuards),
    connection: chart(connectionMachine, { connectionId }, ["isLost", "hasOwnTurn"]),
    watch: chart(watchMachine, { connectionId, conversationId, instance: 1 }),
    surface: chart(surfaceMachine, { surfaceId, conversationId, instance: 1 }, ["changesAreAnnounced"]),
    conversation: chart(conversationMachine, { conversationId }, conversationGuards),
    turn: chart(turnMachine, { conversationId }, turnGuards),
  };
}

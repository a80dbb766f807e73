// Draws a run of the server as a sequence diagram, with the module that the inspector's page draws conversations with.
// Names are those of the run, not of the process, so that two runs give nearly the same picture.
import type { ActorChange } from "../../src/diagnostics/inspection.ts";
import { createConversationLog, type KnownLane } from "../../visualizations/live/conversation-log.js";
import {
  headHeight,
  headsOf,
  type Message,
  printed,
  rowsOf,
  tightHeightOf,
  widthOf,
} from "../../visualizations/live/sequence.js";
import { pictureOf } from "../pictures/svg.ts";

const laneWidth = 116;

const style = `
  .lane-box { fill: #e9edf0; }
  .lane-kind { font-size: 12px; font-weight: 600; }
  .lane-name, .label, .chip-text { font-size: 12px; }
  .lane-name, .origin { fill: #5b6770; }
  .life { stroke: #75828c; stroke-dasharray: 2 3; }
  .label { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round; }
  .sent, .chip-text { text-anchor: middle; }
  .ahead { text-anchor: end; }
  .mark { fill: #33424d; }
  .row .line, .row .head { stroke: #0b6b5d; }
  .row .head { fill: #0b6b5d; stroke-width: 0; }
  .ended path.mark { fill: none; stroke: #33424d; stroke-width: 2; }
  .chip-box { fill: #d3ece5; }
  .chip-text { fill: #0b6b5d; font-weight: 600; }
  .warn .chip-box { fill: #fbeecb; }
  .warn .chip-text { fill: #7d5200; }
  .bad .chip-box { fill: #fbe1dc; }
  .bad .chip-text { fill: #a32a1d; }
  @media (prefers-color-scheme: dark) {
    .lane-box { fill: #26292c; }
    .lane-name, .origin { fill: #9aa7b0; }
    .label { stroke: #0f1316; }
    .mark { fill: #b4c0c8; }
    .row .line, .row .head { stroke: #6fd3c1; }
    .row .head { fill: #6fd3c1; }
    .ended path.mark { stroke: #b4c0c8; }
    .chip-box { fill: #17403a; }
    .chip-text { fill: #6fd3c1; }
    .warn .chip-box { fill: #41310d; }
    .warn .chip-text { fill: #f0bf62; }
    .bad .chip-box { fill: #46211b; }
    .bad .chip-text { fill: #ff9d8e; }
  }`;

/** Application events, and how many of them an actor has sent. XState's own tell of starts and ends, and of timers. */
export function countSources(changes: readonly ActorChange[]): { sent: number; total: number } {
  const events = changes.filter((one) => one.type === "actor.moved" && !one.event.startsWith("xstate."));
  return { total: events.length, sent: events.filter((one) => one.type === "actor.moved" && one.from).length };
}

/** A part of a run: the orders (ActorSnapshot) of its first and last event. */
export interface Part {
  first: number;
  last: number;
}

/** The first turn that a socket asks for, until that socket hears that it is over. */
export function firstTurnOf(changes: readonly ActorChange[]): Part {
  const orderOf = (event: string): number | undefined =>
    changes.find((change) => change.type === "actor.moved" && change.event === event)?.order;
  return { first: orderOf("chat.send") ?? 0, last: orderOf("turn.over") ?? Number.POSITIVE_INFINITY };
}

const whole: Part = { first: 0, last: Number.POSITIVE_INFINITY };

/** @param changes in the order in which an observer was told them. @param part is drawn, with the actors in it. */
export function drawSequence(title: string, changes: readonly ActorChange[], { first, last }: Part = whole): string {
  const log = createConversationLog({ entriesMax: Number.POSITIVE_INFINITY });
  const known = new Set<string>();
  for (const change of changes) {
    const { actorId, chart, names, states } = change;
    const parentId = change.type === "actor.started" ? change.parentId : undefined;
    if (!known.has(actorId)) log.meet({ id: actorId, chart, names, states, parentId });
    known.add(actorId);
    log.add(change);
  }
  const inPart = log.entries.filter(({ order }) => order >= first && order <= last);
  const messages = withEnds(inPart.filter(once()));
  const shown = new Set(messages.flatMap(({ from, to }) => [from, to]));
  const lanes = named(log.lanes()).filter(({ id }) => shown.has(id));
  const width = widthOf(lanes.length, laneWidth, true);
  const options = { lanes, messages, laneWidth, isTight: true, timeOf: () => "" };
  const parts = [
    ...headsOf(lanes, laneWidth, true).map(printed),
    `<g transform="translate(0 ${headHeight})">`,
    ...rowsOf(options).map(printed),
    "</g>",
  ];
  return pictureOf({ title, width, height: headHeight + tightHeightOf(messages), parts, style });
}

/** Lanes with names that every run has: sockets, turns and surfaces are counted. */
function named(lanes: readonly KnownLane[]): KnownLane[] {
  const counts = new Map<string, number>();
  const names = new Map<string, string>();
  return lanes.map((lane) => {
    const count = (counts.get(lane.kind) ?? 0) + 1;
    counts.set(lane.kind, count);
    const counted: Record<string, string> = { connection: `socket ${count}`, turn: `turn ${count}` };
    const own = counted[lane.kind];
    if (own !== undefined) names.set(lane.id, own);
    if (lane.kind === "turn") return { ...lane, name: String(count) };
    const isPart = lane.kind === "watch" || lane.livesWith !== undefined;
    const owner = names.get(lane.parentId ?? "");
    const name = owner === undefined ? "" : `of ${owner}`;
    return { ...lane, name: own ?? (isPart ? name : lane.name) };
  });
}

/** An end in the row of the step that led to it, where that is the row before. */
function withEnds(messages: readonly Message[]): Message[] {
  const rows: Message[] = [];
  for (const message of messages) {
    const last = rows.at(-1);
    if (message.kind === "ended" && last?.to === message.to) rows[rows.length - 1] = { ...last, isLast: true };
    else rows.push(message);
  }
  return rows;
}

/**
 * Leaves out what does nothing, and of what an actor gets again and again, such as a change of a surface, all but the
 * first with the same outcome.
 */
function once(): (message: Message) => boolean {
  const seen = new Set<string>();
  return ({ from, to, kind, label, states, isIdle }) => {
    const key = JSON.stringify([from, to, kind, label, states]);
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew && !isIdle;
  };
}

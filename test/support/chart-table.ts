// Takes a chart's transitions one by one, purely: a row says where, what happens, which guards hold, where that leads
// and what is done. A table can be asked which of the chart's transitions it has not taken.
import * as assert from "uvu/assert";
import { type AnyEventObject, type AnyStateMachine, type StateValue, transition } from "xstate";

export interface Row {
  in: StateValue;
  on: AnyEventObject | string;
  /** The guards that hold; all others do not. */
  if?: string[];
  to: StateValue;
  /** The actions in their order; an event to a child reads "child ← event". */
  does?: string[];
}

interface Chart {
  machine: AnyStateMachine;
  guards: string[];
  context: Record<string, unknown>;
  /** States that invoke an actor must be entered, so that there is one to send to: from where, and by what event. */
  entries?: Record<string, { from: StateValue; on: string }>;
}

export class ChartTable {
  readonly #chart: Chart;
  readonly #taken = new Set<unknown>();

  constructor(chart: Chart) {
    this.#chart = chart;
  }

  take(row: Row): void {
    const { guards, context, entries } = this.#chart;
    const holds = new Set(row.if ?? []);
    for (const guard of holds) assert.ok(guards.includes(guard), `there is no guard ${guard}`);
    const machine = this.#chart.machine.provide({
      guards: Object.fromEntries(guards.map((guard) => [guard, () => holds.has(guard)])),
    });
    const entry = typeof row.in === "string" ? entries?.[row.in] : undefined;
    const resolved = machine.resolveState({ value: entry?.from ?? row.in, context });
    const before = entry ? transition(machine, resolved, { type: entry.on })[0] : resolved;
    assert.equal(before.value, row.in);
    const event = typeof row.on === "string" ? { type: row.on } : row.on;
    const [after, actions] = transition(machine, before, event);
    const says = `${JSON.stringify(row.in)} on ${event.type} if ${[...holds].join(", ") || "nothing"}`;
    assert.equal(after.value, row.to, says);
    assert.equal(actions.flatMap(nameOf), row.does ?? [], says);
    this.#note(machine, before, event, holds);
  }

  /** The transitions that no row has taken. */
  missing(): string[] {
    return transitionsOf(this.#chart.machine).filter((name) => !this.#taken.has(name));
  }

  #note(
    machine: AnyStateMachine,
    before: ReturnType<AnyStateMachine["resolveState"]>,
    event: AnyEventObject,
    holds: Set<string>,
  ): void {
    for (const taken of machine.getTransitionData(before, event) ?? []) {
      this.#taken.add(
        labelOf(taken.source, taken.eventType, taken.source.transitions.get(taken.eventType)?.indexOf(taken)),
      );
      let nodes = taken.target ?? [];
      while (nodes.length > 0) {
        nodes = nodes.flatMap((node) => {
          const entered = node.initial?.target?.[0];
          if (entered) return [entered];
          const index = node.always?.findIndex(({ guard }) => guard === undefined || holds.has(guardName(guard)));
          const always = index === undefined ? undefined : node.always?.[index];
          if (!always) return [];
          this.#taken.add(labelOf(node, "", index));
          return [...(always.target ?? [])];
        });
      }
    }
  }
}

interface Node {
  id: string;
  transitions: Map<string, unknown[]>;
  always?: unknown[] | undefined;
  states: Record<string, Node>;
}

const labelOf = (node: { id: string }, eventType: string, index: number | undefined): string =>
  `${node.id} ${eventType || "always"} ${index ?? 0}`;

function transitionsOf(machine: AnyStateMachine): string[] {
  const walk = (node: Node): string[] => [
    ...[...node.transitions].flatMap(([type, list]) => list.map((_, index) => labelOf(node, type, index))),
    ...(node.always ?? []).map((_, index) => labelOf(node, "", index)),
    ...Object.values(node.states).flatMap(walk),
  ];
  return walk(machine.root);
}

const guardName = (guard: unknown): string => {
  if (typeof guard === "string") return guard;
  return typeof guard === "object" && guard !== null && "type" in guard ? String(guard.type) : "";
};

/** Timers, spawning and stopping are XState's own business; what they lead to is tested by its events. */
function nameOf(action: { type: string; params?: unknown }): string[] {
  const { type, params } = action;
  if (type === "xstate.sendTo" && typeof params === "object" && params !== null && "event" in params)
    return [`turn ← ${(params.event as AnyEventObject).type}`];
  return type.startsWith("xstate.") ? [] : [type];
}

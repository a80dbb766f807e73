// Checks a chart's transitions one by one with XState's pure transition function. A row names the state, the event, the
// guards that hold, the next state and the actions. missing() lists the transitions that no row has taken.
import * as assert from "uvu/assert";
import { type AnyEventObject, type AnyStateMachine, initialTransition, type StateValue, transition } from "xstate";

export interface Row {
  in: StateValue;
  on: AnyEventObject | string;
  /** The guards that return true. All others return false. */
  if?: string[];
  to: StateValue;
  /** The actions in order. An event to an invoked actor reads "turn ← event", a task for one "store: task". */
  does?: string[];
}

interface Chart {
  machine: AnyStateMachine;
  guards: string[];
  context: Record<string, unknown>;
  /** How to enter a state that invokes an actor: from which state, by which event. Without the entry no actor runs. */
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
    // An actor that the chart invokes for all its life.
    const [{ children }] = initialTransition(machine, context);
    const resolved = Object.assign(machine.resolveState({ value: entry?.from ?? row.in, context }), { children });
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

/** Leaves out XState's own actions (timers, starting without a task, stopping): rows test their events. */
function nameOf(action: { type: string; params?: unknown }): string[] {
  const { type, params } = action;
  if (type === "xstate.sendTo" && typeof params === "object" && params !== null && "event" in params)
    return [`${"targetId" in params ? params.targetId : "another"} ← ${(params.event as AnyEventObject).type}`];
  if (type === "xstate.spawnChild") {
    const { id, input } = params as { id: string; input?: { task?: string } };
    return input?.task === undefined ? [] : [`${id}: ${input.task}`];
  }
  return type.startsWith("xstate.") ? [] : [type];
}

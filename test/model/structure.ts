// The structure checker: searches whole charts for faults that no single test would notice. Every state is reached and
// none is a dead end. Every event is handled or deliberately ignored. Every transition can fire, every guard is seen
// true and false, and everything that a chart waits for may fail. Faults are values; structure.test.ts shows that each
// kind is found.
//
//   checkStructure(machines, declared?) → { machines, states, transitions, guards, configurations, faults }
//   isExpected(machine, stateValue, eventType) → "handled" | "ignored" | "never" | "unlisted"
//     for observers of real actors: an event that is "never" or "unlisted" in the state it arrives in is a fault.
import type { AnyStateMachine } from "xstate";
import { transitionKeysOf } from "../support/transition-keys.ts";
import { statesOf } from "./structure/chart.ts";
import { listFaults } from "./structure/event-lists.ts";
import { failureEdgeFaults } from "./structure/failure-edges.ts";
import type { Fault } from "./structure/fault.ts";
import { walkFaults } from "./structure/walk-faults.ts";

export { isExpected } from "./structure/event-lists.ts";

export interface StructureReport {
  machines: number;
  /** Without the roots. */
  states: number;
  transitions: number;
  /** Transitions with a guard; each guard was seen to answer true and false. */
  guards: number;
  /** Combinations of states that were reached. */
  configurations: number;
  faults: Fault[];
}

/** @param declared by machine id: every event type that the machine's type allows. */
export function checkStructure(
  machines: readonly AnyStateMachine[],
  declared: Readonly<Record<string, readonly string[]>> = {},
): StructureReport {
  const report: StructureReport = {
    machines: machines.length,
    states: 0,
    transitions: 0,
    guards: 0,
    configurations: 0,
    faults: [],
  };
  for (const machine of machines) {
    const states = statesOf(machine);
    const { faults, configurations } = walkFaults(machine);
    report.states += states.length - 1;
    report.transitions += transitionKeysOf(machine).length;
    report.guards += states
      .flatMap((state) => [...state.transitions.values(), state.always ?? []].flat())
      .filter(({ guard }) => guard !== undefined).length;
    report.configurations += configurations;
    const found = [...listFaults(machine, declared[machine.id]), ...failureEdgeFaults(machine), ...faults];
    report.faults.push(...found.filter((fault, index) => found.findIndex((other) => isSame(fault, other)) === index));
  }
  return report;
}

/** A fault that both the static checks and the walk find counts once. */
const isSame = (fault: Fault, other: Fault): boolean =>
  fault.kind === other.kind && fault.state === other.state && fault.event === other.event;

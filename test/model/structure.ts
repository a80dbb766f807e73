// The structure checker: looks at whole charts for what no single test would miss. Every state is reached, none is a
// dead end, every event is taken or let pass on purpose, every transition can fire, every guard is seen true and false,
// and whatever is waited for may fail. Faults are values; that each kind is found is shown in structure.test.ts.
//
//   checkStructure(machines, declared?) → { machines, states, transitions, guards, configurations, faults }
//   isExpected(machine, stateValue, eventType) → "handled" | "ignored" | "never" | "unlisted"
//     for those who watch real actors: an event that is "never" or "unlisted" where it comes breaks the chart's word.
import type { AnyStateMachine } from "xstate";
import { transitionKeysOf } from "../../src/diagnostics/inspection/transition-key.ts";
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
  /** Transitions with a guard; each was seen to answer true and false. */
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

/** What the eye and the walk both see is one fault. */
const isSame = (fault: Fault, other: Fault): boolean =>
  fault.kind === other.kind && fault.state === other.state && fault.event === other.event;

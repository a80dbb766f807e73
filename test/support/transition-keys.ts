// All transitions of a chart, by the names that inspection and the pictures give them.
import type { AnyStateMachine, AnyStateNode } from "xstate";
import { transitionKey } from "../../src/diagnostics/inspection/transition-key.ts";

/** The keys of all transitions of a chart, outer states first. */
export function transitionKeysOf(machine: AnyStateMachine): string[] {
  const walk = (node: AnyStateNode): string[] => [
    ...[...node.transitions.values()].flat().map(transitionKey),
    ...(node.always ?? []).map(transitionKey),
    ...Object.values(node.states).flatMap(walk),
  ];
  return walk(machine.root);
}

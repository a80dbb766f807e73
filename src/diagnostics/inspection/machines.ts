// The charts as JSON, to be opened in an editor or compared: the machines themselves, without the functions that give
// their actions a meaning.
import type { AnyStateMachine } from "xstate";
import { connectionMachine } from "../../../machines/connection.ts";
import { conversationMachine } from "../../../machines/conversation.ts";
import { gatewayMachine } from "../../../machines/gateway.ts";
import { surfaceMachine } from "../../../machines/surface.ts";
import { turnMachine } from "../../../machines/turn.ts";
import { watchMachine } from "../../../machines/watch.ts";

/** All charts, the root first. */
export const machines: readonly AnyStateMachine[] = [
  gatewayMachine,
  connectionMachine,
  watchMachine,
  surfaceMachine,
  conversationMachine,
  turnMachine,
];

/** What createMachine takes, as JSON. Undefined when there is no such chart. */
export function machineJson(chart: string): string | undefined {
  const machine = machines.find(({ id }) => id === chart);
  return machine && `${JSON.stringify(machine.config, null, 2)}\n`;
}

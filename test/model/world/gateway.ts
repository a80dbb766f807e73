// The root's chart in the explored world.
import { type GatewayGuard, gatewayGuards } from "./charts.ts";
import type { Stage } from "./stage.ts";

/** Sends the root an event. @param holds its guards that hold. @returns the actions that it asks for. */
export function tellGateway(stage: Stage, type: string, holds: readonly GatewayGuard[] = []): string[] {
  const { world, setting } = stage;
  const answers = gatewayGuards.map((guard) => holds.includes(guard));
  const move = setting.charts.gateway.step(world.gateway, { type }, answers);
  if (move.unexpected !== undefined) stage.problem(move.unexpected);
  world.gateway = move.to;
  return move.effects.map(({ name }) => name);
}

// The steps of the gateway as a whole: broadcasts and its stop.
import { tellGateway } from "../gateway.ts";
import type { Stage } from "../stage.ts";
import type { Step } from "./step.ts";

export function gatewaySteps(stage: Stage, steps: Step[]): void {
  const { world, setting } = stage;
  const { bounds, charts } = setting;
  if (world.broadcast.made < bounds.broadcasts)
    steps.push({ words: "a broadcast is made", kind: "free", take: broadcast });
  if (!bounds.closings.includes("draining")) return;
  const its = (state: string): boolean => charts.gateway.isIn(world.gateway, state);
  if (its("up.service.listening")) steps.push({ words: "a stop is asked for", kind: "free", take: beginDraining });
  if (its("up.service.draining.turnsEnd"))
    steps.push({ words: "the sockets are to be closed", kind: "owed", take: closeSockets });
}

function broadcast(stage: Stage): void {
  stage.world.broadcast.made++;
  if (tellGateway(stage, "broadcast.made").includes("fanOut")) stage.world.broadcast.isWaiting = true;
}

function beginDraining(stage: Stage): void {
  if (!tellGateway(stage, "gateway.drain").includes("announceDraining")) stage.problem("a stop is not announced");
}

function closeSockets(stage: Stage): void {
  const { sockets } = stage.world;
  if (!tellGateway(stage, "turns.ended").includes("closeSockets"))
    stage.problem("the gateway stops and closes no socket");
  for (const [at, socket] of sockets.entries())
    if (socket.chart !== 0) stage.post("connection", at, "gateway.draining");
  tellGateway(stage, "goodbyes.sent", sockets.every(({ chart }) => chart === 0) ? ["noSocketIsLeft"] : []);
}

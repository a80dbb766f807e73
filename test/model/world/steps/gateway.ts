// The steps of the gateway as a whole: broadcasts and its stop.
import type { GatewayGuard } from "../charts.ts";
import { tellConnection } from "../connection.ts";
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
  if (its("up.service.draining.turnsEnd")) steps.push({ words: "the turns have ended", kind: "owed", take: endTurns });
  if (its("up.service.draining.goodbyes"))
    steps.push({ words: "the next sockets are to be closed", kind: "owed", take: closeWave });
}

function broadcast(stage: Stage): void {
  stage.world.broadcast.made++;
  if (tellGateway(stage, "broadcast.made").includes("fanOut")) stage.world.broadcast.isWaiting = true;
}

function beginDraining(stage: Stage): void {
  if (!tellGateway(stage, "gateway.drain").includes("announceDraining")) stage.problem("a stop is not announced");
}

function endTurns(stage: Stage): void {
  if (!tellGateway(stage, "turns.ended").includes("planWaves")) stage.problem("the gateway stops and plans no waves");
}

/** A wave has one open socket. The last one has those too that are being closed for another reason. */
function closeWave(stage: Stage): void {
  const { sockets } = stage.world;
  const { connection } = stage.setting.charts;
  const all = [...sockets.keys()].filter((at) => sockets[at]?.chart !== 0);
  const [next, ...others] = all.filter((at) => connection.isIn(stage.socket(at).chart, "open"));
  const isLast = others.length === 0;
  const holds: GatewayGuard[] = isLast ? ["isLastWave"] : [];
  if (all.length === 0) holds.push("noSocketIsLeft");
  const effects = tellGateway(stage, "wave.due", holds);
  if (!effects.includes("closeWave")) stage.problem("a wave is due and the gateway closes no socket");
  else for (const at of isLast || next === undefined ? all : [next]) tellConnection(stage, at, "gateway.draining");
}

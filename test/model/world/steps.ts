// Every step that may happen next in a world: the pending inner steps, and what may come from outside. Must never leave
// out an inner step that is due.
import type { Stage } from "./stage.ts";
import { clientSteps } from "./steps/clients.ts";
import { closingSteps } from "./steps/closing.ts";
import { gatewaySteps } from "./steps/gateway.ts";
import { innerSteps } from "./steps/inner.ts";
import { surfaceSteps } from "./steps/provider.ts";
import type { Step } from "./steps/step.ts";
import { conversationSteps } from "./steps/turns.ts";

export function stepsOf(stage: Stage): Step[] {
  const steps = innerSteps(stage);
  const { signals, sockets } = stage.world;
  if (signals.length > stage.setting.bounds.signalsUnderWay) return steps;
  // Each drain of a socket may add one more slice; without a limit, the number of due slices would not be finite.
  if (sockets.some(({ watch }) => watch !== undefined && watch.slices > 1)) return steps;
  clientSteps(stage, steps);
  gatewaySteps(stage, steps);
  closingSteps(stage, steps);
  conversationSteps(stage, steps);
  surfaceSteps(stage, steps);
  return steps;
}

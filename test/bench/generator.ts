// The load generator of one lane of a workload, as a process of its own. It starts the lane's server, prepares the
// workload, and takes a sample whenever its parent asks for one. It must never outlive its parent.
import { catalogue } from "./catalogue.ts";
import { Rig } from "./rig.ts";
import type { Sample } from "./sample.ts";
import { scaleOf } from "./workload.ts";

export type GeneratorAsk = { ask: "sample"; part: string } | { ask: "end" };
export type GeneratorReport = { ready: true; raised: string[] } | { sample: Sample } | { failed: string };

process.on("disconnect", () => process.exit(1));

const [workloadName, laneName, size] = process.argv.slice(2);
const workload = catalogue(scaleOf(size === "quick")).find(({ name }) => name === workloadName);
const lane = workload?.lanes.find(({ name }) => name === laneName);
if (!workload || !lane) throw new Error(`there is no workload ${workloadName} with a lane ${laneName}`);

const report = (message: GeneratorReport): void => void process.send?.(message);
const fail = (error: unknown): void => report({ failed: error instanceof Error ? error.message : String(error) });

const rig = await Rig.start(lane.server, workload.subprotocol);
try {
  const sample = await workload.prepare(rig, lane);
  process.on("message", (message: GeneratorAsk) => {
    if (message.ask === "sample") sample(message.part).then((taken) => report({ sample: taken }), fail);
    else void rig.end().finally(() => process.exit(0));
  });
  report({ ready: true, raised: rig.raised });
} catch (error) {
  fail(error);
  await rig.end();
  process.exit(1);
}

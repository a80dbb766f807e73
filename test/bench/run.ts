// Runs one workload. Each lane has its own server and generator, and all lanes are up at once. Each repetition takes
// one sample per part from one lane after the other, so that a disturbance of the machine affects all lanes alike.
import { fileURLToPath } from "node:url";
import { AskedProcess } from "../load/asked-process.ts";
import type { GeneratorAsk, GeneratorReport } from "./generator.ts";
import { nodeFlags } from "./servers.ts";
import { type Flow, Measured, type Workload } from "./workload.ts";

const program = fileURLToPath(new URL("./generator.ts", import.meta.url));
const deadlineMs = 150_000;

interface RunOptions {
  quick: boolean;
  /** Whether the lane's server is installed. Other lanes are left out. */
  isHere(lane: Flow): boolean;
  /** Called with each sentence about a limit that a lane's server has raised. */
  raised(sentence: string): void;
}

type Generator = AskedProcess<GeneratorAsk, GeneratorReport>;

export async function run(workload: Workload, { quick, isHere, raised }: RunOptions): Promise<Measured> {
  const measured = new Measured();
  const generators = workload.lanes.filter(isHere).map((lane) => {
    const args = [...nodeFlags, program, workload.name, lane.name, quick ? "quick" : "whole"];
    const generator: Generator = new AskedProcess(args, { deadlineMs });
    return { lane, generator, ready: generator.report() };
  });
  try {
    for (const { lane, report } of await Promise.all(
      generators.map(async ({ lane, ready }) => ({ lane, report: await ready })),
    )) {
      const ready = checked(lane, report);
      if ("raised" in ready) ready.raised.forEach(raised);
    }
    for (let repetition = 0; repetition < workload.repetitions; repetition++)
      for (const part of workload.parts)
        for (const { lane, generator } of rotated(generators, repetition)) {
          const answer = checked(lane, await generator.ask({ ask: "sample", part }));
          if ("sample" in answer) measured.add(part, lane.name, answer.sample);
        }
    return measured;
  } finally {
    await Promise.all(generators.map(({ generator }) => generator.end({ ask: "end" })));
  }
}

function checked(lane: Flow, report: GeneratorReport): GeneratorReport {
  if ("failed" in report) throw new Error(`${lane.name}: ${report.failed}`);
  return report;
}

/** Rotates the order, so that no lane always goes first. */
const rotated = <Item>(items: readonly Item[], by: number): Item[] =>
  items.map((_, index) => items[(index + by) % items.length]).filter((item) => item !== undefined);

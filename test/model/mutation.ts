// Seeds each fault into the charts and runs the judge on it in a process of its own. A fault that no suite finds is a
// gap in the proof.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { budgets } from "../budgets.ts";
import { type Mutant, mutants } from "./mutants.ts";

export interface Judgement {
  mutant: string;
  chart: string;
  /** The suite that found the fault; undefined when none did. */
  killedBy: string | undefined;
  /** What the suite reported. */
  because: string;
  tookMs: number;
}

export interface MutationReport {
  judgements: Judgement[];
  survivors: string[];
}

const loader = fileURLToPath(new URL("./mutant-loader.ts", import.meta.url));
const judge = fileURLToPath(new URL("./judge.ts", import.meta.url));

/** Judges that run at once. With more of them than cores, timeouts expire although nothing is wrong. */
const atOnce = 2;
/** How long the judge waits for something that a correct chart does within a few milliseconds. */
const patienceMs = "2000";

export async function judgeMutants(chosen: readonly Mutant[] = mutants): Promise<MutationReport> {
  const waiting = [...chosen];
  const judgements: Judgement[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) judgements.push(await judged(next));
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const order = mutants.map(({ name }) => name);
  judgements.sort((one, other) => order.indexOf(one.mutant) - order.indexOf(other.mutant));
  return {
    judgements,
    survivors: judgements.filter(({ killedBy }) => killedBy === undefined).map(({ mutant }) => mutant),
  };
}

/** The judgements as text for a reader. */
export function listOf({ judgements }: MutationReport): string {
  return judgements
    .map(({ mutant, chart, killedBy, because, tookMs }) => {
      const verdict = killedBy === undefined ? "SURVIVED" : `killed by ${killedBy}`;
      return `${chart}: ${mutant}\n    ${verdict} in ${(tookMs / 1_000).toFixed(1)} s: ${because.slice(0, 200)}`;
    })
    .join("\n");
}

async function judged({ name, chart, suite }: Mutant): Promise<Judgement> {
  const began = performance.now();
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--import", loader, judge], {
    // Runs of faulty charts must not count towards code coverage.
    env: { ...process.env, MUTANT: name, MUTANT_SUITE: suite, PATIENCE_MS: patienceMs, NODE_V8_COVERAGE: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors = `${errors}${text}`.slice(-2_000);
  });
  let isOver = false;
  const deadline = setTimeout(() => {
    isOver = true;
    child.kill("SIGKILL");
  }, budgets.model.mutantMs);
  const [code] = await new Promise<[number | null]>((resolve) => child.once("close", (status) => resolve([status])));
  clearTimeout(deadline);
  const tookMs = performance.now() - began;
  const told = { mutant: name, chart, tookMs };
  if (isOver) return { ...told, killedBy: "its deadline", because: "it did not come to an end" };
  const verdict = verdictIn(output);
  if (verdict) return { ...told, ...verdict };
  // A crash of the server is a fault found. An error of the mutant loader is a defect of these tests.
  if (/mutant/.test(errors)) throw new Error(`the mutant "${name}" could not be judged: ${errors}`);
  return { ...told, killedBy: "its own fall", because: `the process ended with ${code}: ${errors.split("\n")[0]}` };
}

function verdictIn(output: string): Pick<Judgement, "killedBy" | "because"> | undefined {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) return undefined;
  const verdict = JSON.parse(line) as { killedBy?: string; because?: string };
  return { killedBy: verdict.killedBy, because: verdict.because ?? "nobody found anything" };
}

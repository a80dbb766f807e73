// `npm run kills -- --count 1000 --seed 7`: kills the server under load as often as asked, and holds it to its word.
import { parseArgs } from "node:util";
import { playKills } from "./loop.ts";

const { values } = parseArgs({ options: { count: { type: "string", default: "100" }, seed: { type: "string" } } });
const kills = Number(values.count);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
process.stdout.write(`kills: --count ${kills} --seed ${seed}\n`);
const onKill = (count: number, faults: number): void => {
  if (count % 50 === 0 || faults > 0) process.stdout.write(`${count} kills, ${faults} faults\n`);
};
const { faults, ...figures } = await playKills({ seed, kills, onKill });
process.stdout.write(`${JSON.stringify(figures)}\n`);
for (const fault of faults.slice(0, 10)) process.stdout.write(`FAILED ${fault}\n`);
process.stdout.write(faults.length === 0 ? "nothing that was promised is lost\n" : `${faults.length} faults\n`);
process.exitCode = faults.length === 0 ? 0 : 1;

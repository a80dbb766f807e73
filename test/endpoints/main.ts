// `npm run endpoint-turns -- --turns 10000 --seed 7`: random turns against the strictest model endpoint, with a kill in
// every 250. It fails when the endpoint has to refuse a request.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { randomSeed } from "../support/seed.ts";
import { playTurns } from "./turns.ts";

const { values } = parseArgs({ options: { turns: { type: "string", default: "1000" }, seed: { type: "string" } } });
const turns = Number(values.turns);
const seed = Number(values.seed ?? randomSeed());
process.stdout.write(`endpoint-turns: --turns ${turns} --seed ${seed}\n`);
const dataDir = mkdtempSync(join(tmpdir(), "turnwire-turns-"));
const { complaints, ...figures } = await playTurns({ seed, turns, kills: Math.floor(turns / 250), dataDir });
process.stdout.write(`${JSON.stringify(figures)}\n`);
for (const complaint of complaints.slice(0, 10)) process.stdout.write(`FAILED ${complaint}\n`);
process.stdout.write(`${complaints.length} requests were refused\n`);
process.exitCode = complaints.length === 0 ? 0 : 1;

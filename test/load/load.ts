// `npm run load`: the proofs that need thousands of sockets. Starts the real server as a process of its own, plays its
// clients in this process, prints the measurements, and fails when a bound does not hold. Uses only loopback, and ends
// by itself.
import { fanOut } from "./fan-out.ts";
import { hostileRequests, hostileSockets } from "./hostile.ts";
import { idle } from "./idle.ts";
import { neverReading } from "./never-reading.ts";
import { page } from "./page.ts";
import { recorded } from "./recorded.ts";
import { Table } from "./table.ts";
import { watched } from "./watched.ts";

const proofs: Record<string, (table: Table) => Promise<void>> = {
  "fan-out": fanOut,
  "never-reading": neverReading,
  hostile: hostileSockets,
  "hostile-http": hostileRequests,
  idle,
  watched,
  page,
  recorded,
};

const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => !(name in proofs));
if (unknown !== undefined)
  throw new Error(`there is no proof "${unknown}": choose from ${Object.keys(proofs).join(", ")}`);
const table = new Table();
for (const [name, prove] of Object.entries(proofs))
  if (chosen.length === 0 || chosen.includes(name)) await prove(table);
process.exitCode = table.close() ? 0 : 1;

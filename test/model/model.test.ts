// `npm run model` runs to its end, prints each of its rows, and fails when something is not proved. With `--glance` it
// plays too little of everything to prove it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { within } from "../support/deadline.ts";

const test = suite("npm run model");

test("when too little is played, the table has every row, each failure is listed, and the exit code is 1", async () => {
  const path = fileURLToPath(new URL("./model.ts", import.meta.url));
  const env = { ...process.env, NODE_V8_COVERAGE: "" };
  const child = spawn(process.execPath, [path, "--glance"], { env, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const [code] = await within(once(child, "close"), "the end of npm run model", 90_000);
  assert.is(code, 1);
  const rows = [
    /^\| machines \| 6 \|$/m,
    /^\| states, transitions, guards \| \d/m,
    /^\| model of host-life: states, transitions; paths played, steps \| \d/m,
    /^\| model of turn: states, transitions; paths played, steps \| \d/m,
    /^\| chart turn: transitions taken on the running server \| 16 of 16, 100 % \|$/m,
    /^\| explored: states, transitions \| \d/m,
    /^\| … invariants checked in each state \| 14 \|$/m,
    /^\| random histories on the gateway before a scripted host: operations; clients at most \| \d+: /m,
    /^\| moves of actors on running servers, replayed on their charts; different ones \| [\d,]+; \d+ \|$/m,
    /^\| … of gateway \| 10; \d/m,
    /^\| references to actions; whose effect is seen \| \d+; \d+ \|$/m,
    /^Faults of which nothing is seen:\n- /m,
    /^FAILED nobody sees the effect of the mutant "gateway /m,
    /^The exploration leaves out:\n- /m,
    /^FAILED no path takes the transition conversation\./m,
    /^FAILED the exploration did not visit every state/m,
    /^FAILED only \d+ random histories were played on the whole server$/m,
    /^\d+ problems$/m,
  ];
  for (const row of rows) assert.match(output, row);
});

test.run();

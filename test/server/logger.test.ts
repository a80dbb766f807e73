// The output of the process's log: one JSON line each on stderr, nothing on stdout, and errors with their stack.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Logger, silentLogger, tolerantLogger } from "../../src/ports/logger.ts";
import { budgets } from "../budgets.ts";

const test = suite("log");

const logFile = join(import.meta.dirname, "../../src/server/logger.ts");

/** Runs the code in its own process and returns that process's output. */
function write(level: string, lines: string): { stdout: string; entries: Record<string, unknown>[] } {
  const create = `const log = createLogger(${JSON.stringify(level)});`;
  const program = `import { createLogger } from ${JSON.stringify(logFile)}; ${create} ${lines}`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    encoding: "utf8",
    timeout: budgets.awaitMs,
  });
  assert.is(status, 0, stderr);
  return {
    stdout,
    entries: stderr
      .split("\n")
      .filter((line) => line !== "")
      .map((line): Record<string, unknown> => JSON.parse(line)),
  };
}

test("each line is one JSON object on stderr, with its message and fields, and stdout stays clean", () => {
  const { stdout, entries } = write(
    "debug",
    'log.debug("one"); log.info("two", { port: 5 }); log.warn("three\\n"); log.error("four");',
  );
  assert.is(stdout, "");
  assert.equal(
    entries.map(({ level, msg, port }) => [level, msg, port]),
    [
      [20, "one", undefined],
      [30, "two", 5],
      [40, "three\n", undefined],
      [50, "four", undefined],
    ],
  );
  for (const { time } of entries) assert.ok(typeof time === "string" && !Number.isNaN(Date.parse(time)));
});

test("lines below the level are not written", () => {
  const lines = 'log.debug("a"); log.info("b"); log.warn("c"); log.error("d");';
  assert.equal(
    write("warn", lines).entries.map(({ msg }) => msg),
    ["c", "d"],
  );
  assert.equal(write("silent", lines).entries, []);
});

test("an error in the field `error` is written with its message and stack", () => {
  const { entries } = write("info", 'log.error("gateway: defect", { error: new TypeError("why") });');
  const error = entries[0]?.["error"];
  if (typeof error !== "object" || error === null) throw new Error("the line has no error");
  assert.equal([Reflect.get(error, "type"), Reflect.get(error, "message")], ["TypeError", "why"]);
  assert.match(String(Reflect.get(error, "stack")), "TypeError: why\n    at ");
});

test("a line has nothing about the machine", () => {
  const { entries } = write("info", 'log.info("hello");');
  assert.equal(Object.keys(entries[0] ?? {}).sort(), ["level", "msg", "time"]);
});

test("the last line before the process ends is not lost", () => {
  const { entries } = write("info", 'log.error("the end"); process.exit(0);');
  assert.is(entries.at(-1)?.["msg"], "the end");
});

test("a host's logger may lack methods or throw, and missing fields are not invented", () => {
  const heard: unknown[][] = [];
  const throwing = () => {
    throw new Error("the log is full");
  };
  const logger = tolerantLogger({ info: (...given) => heard.push(given), warn: throwing });
  const all: Logger[] = [logger, tolerantLogger(undefined), silentLogger];
  for (const one of all) {
    one.debug("a");
    one.info("b");
    one.info("c", { port: 1 });
    one.warn("d");
    one.error("e", {});
  }
  assert.equal(heard, [["b"], ["c", { port: 1 }]]);
});

test.run();

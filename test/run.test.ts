// The runner is run on files that are broken in every way a test file can be: each must be reported as failed, by its
// own name and reason, and a run that had one must never end as if all were well.
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Floor } from "./budgets.ts";
import { isTypeOnly, missedFloors, typeOnlyFiles } from "./run/coverage.ts";
import { testFiles } from "./run/files.ts";
import { runFile } from "./run/process.ts";
import { type Ended, summaryOf, verdictOn } from "./run/verdict.ts";
import { eventually, within } from "./support/deadline.ts";

const test = suite("test runner");
const repository = join(import.meta.dirname, "..");

/** A folder of its own with these files; removed after. */
async function withFixture(files: Record<string, string>, run: (root: string) => Promise<void> | void): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "turnwire-run-"));
  try {
    symlinkSync(join(repository, "node_modules"), join(root, "node_modules"));
    cpSync(join(repository, ".c8rc.json"), join(root, ".c8rc.json"));
    writeFileSync(join(root, "package.json"), '{"type":"module"}');
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    await run(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

interface Run {
  exitCode: number | null;
  lines: string[];
  text: string;
}

async function runFixture(root: string, ...args: string[]): Promise<Run> {
  const child = spawn(process.execPath, [join(repository, "test/run.ts"), ...args], { cwd: root, stdio: "pipe" });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  child.stderr.resume();
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once("close", resolve);
  const exitCode = await within(promise, () => `the runner to end; it said:\n${text}`, 60_000);
  return { exitCode, text, lines: text.trimEnd().split("\n") };
}

const uvu = 'import { suite } from "uvu"; const test = suite("sample");\n';
const good = `${uvu}test("one", () => {}); test("two", () => {}); test.run();`;

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test("a good fixture passes, and the plain line is the very last", async () => {
  await withFixture({ "test/a.test.ts": good, "test/deep/b.test.ts": good }, async (root) => {
    const run = await runFixture(root);
    assert.is(run.lines.at(-1), "4 passed, 0 failed");
    assert.is(run.exitCode, 0);
    assert.match(run.text, /^ok {4}test\/a\.test\.ts {2}2 passed, 0 failed {2}\d+\.\d s$/m);
  });
});

test("skipped tests are counted in the plain line", async () => {
  const skipping = `${uvu}test("one", () => {}); test.skip("two", () => {}); test.run();`;
  const allSkipped = `${uvu}test.skip("one", () => {}); test.run();`;
  await withFixture({ "test/a.test.ts": skipping, "test/b.test.ts": allSkipped }, async (root) => {
    const run = await runFixture(root, "test");
    assert.is(run.lines.at(-1), "1 passed, 0 failed, 2 skipped");
    assert.is(run.exitCode, 0);
  });
});

const broken: { what: string; text: string; says: RegExp; last: string }[] = [
  {
    what: "a test that throws",
    text: `${uvu}test("good", () => {}); test("bad", () => { throw new Error("what went wrong"); }); test.run();`,
    says: /what went wrong[\s\S]*FAIL {2}test\/broken\.test\.ts {2}1 passed, 1 failed/,
    last: "3 passed, 1 failed",
  },
  {
    what: "a file that forgets .run()",
    text: `${uvu}test("never runs", () => {});`,
    says: /FAIL {2}test\/broken\.test\.ts {2}ended without uvu's summary: is `\.run\(\)` called/,
    last: "2 passed, 1 failed",
  },
  {
    what: "a file without a test",
    text: `${uvu}test.run();`,
    says: /FAIL {2}test\/broken\.test\.ts {2}executed no test/,
    last: "2 passed, 1 failed",
  },
  {
    what: "an empty file",
    text: "",
    says: /FAIL {2}test\/broken\.test\.ts {2}ended without uvu's summary/,
    last: "2 passed, 1 failed",
  },
  {
    what: "a file whose top level throws",
    text: `${uvu}test("never runs", () => {}); test.run(); throw new Error("top level");`,
    says: /Error: top level[\s\S]*FAIL {2}test\/broken\.test\.ts {2}ended with exit code 1 and without uvu's summary/,
    last: "2 passed, 1 failed",
  },
  {
    what: "a file that does not parse",
    text: "const = 1;",
    says: /FAIL {2}test\/broken\.test\.ts {2}ended with exit code 1 and without uvu's summary/,
    last: "2 passed, 1 failed",
  },
  {
    what: "a rejection that nobody handles while the tests run",
    text: `${uvu}
      test("one", async () => {
        Promise.reject(new Error("nobody"));
        await new Promise((resolve) => setTimeout(resolve, 50));
      });
      test.run();`,
    says: /Error: nobody[\s\S]*FAIL {2}test\/broken\.test\.ts {2}ended with exit code 1 and without/,
    last: "2 passed, 1 failed",
  },
  {
    what: "a rejection that nobody handles after the tests",
    text: `${uvu}test("one", () => { setTimeout(() => Promise.reject(new Error("late")), 50); }); test.run();`,
    says: /Error: late[\s\S]*FAIL {2}test\/broken\.test\.ts {2}ended with exit code 1 though its tests passed/,
    last: "3 passed, 1 failed",
  },
  {
    what: "a before hook that throws",
    text: `${uvu}test.before(() => { throw new Error("swallowed"); }); test("one", () => {}); test.run();`,
    says: /FAIL {2}test\/broken\.test\.ts {2}left 1 tests out: a before hook threw/,
    last: "2 passed, 1 failed",
  },
  {
    what: "an after hook that throws",
    text: `${uvu}test.after(() => { throw new Error("untidy"); }); test("one", () => {}); test.run();`,
    says: /Error: untidy[\s\S]*FAIL {2}test\/broken\.test\.ts {2}ended with exit code 1/,
    last: "2 passed, 1 failed",
  },
  {
    what: "an exit with 0 before the tests have run",
    text: `${uvu}test("one", () => {}); test.run(); process.exit(0);`,
    says: /FAIL {2}test\/broken\.test\.ts {2}ended without uvu's summary: .* process\.exit/,
    last: "2 passed, 1 failed",
  },
  {
    what: "an exit with 0 in the middle of the tests",
    text: `${uvu}test("one", () => process.exit(0)); test.run();`,
    says: /FAIL {2}test\/broken\.test\.ts {2}ended with exit code 1 and without/,
    last: "2 passed, 1 failed",
  },
  {
    what: "a file that kills itself",
    text: `${uvu}test("one", () => process.kill(process.pid, "SIGKILL")); test.run();`,
    says: /FAIL {2}test\/broken\.test\.ts {2}was ended by SIGKILL/,
    last: "2 passed, 1 failed",
  },
  {
    what: "a test that hangs",
    text: `${uvu}test("hangs", () => new Promise(() => setInterval(() => {}, 1000))); test.run();`,
    says: /FAIL {2}test\/broken\.test\.ts {2}was ended after 2 s: a test hangs/,
    last: "2 passed, 1 failed",
  },
  {
    what: "a process that stays open after its tests",
    text: `${uvu}test("leaks", () => { setInterval(() => {}, 1000); }); test.run();`,
    says: /FAIL {2}test\/broken\.test\.ts {2}was ended after 2 s: its tests are over, but something holds/,
    last: "3 passed, 1 failed",
  },
];
for (const { what, text, says, last } of broken) {
  test(`${what} fails the run and is named`, async () => {
    await withFixture({ "test/good.test.ts": good, "test/broken.test.ts": text }, async (root) => {
      const run = await runFixture(root, "--deadline-ms", "2000", "test");
      assert.match(run.text, says);
      assert.is(run.lines.at(-1), last);
      assert.is(run.exitCode, 1);
    });
  });
}

test("a pattern that matches nothing fails", async () => {
  await withFixture({ "test/a.test.ts": good }, async (root) => {
    const run = await runFixture(root, "a.test", "nowhere");
    assert.match(run.text, 'no test file has "nowhere" in its path');
    assert.is(run.lines.at(-1), "0 passed, 1 failed");
    assert.is(run.exitCode, 1);
  });
});

test("a fixture without tests fails", async () => {
  await withFixture({}, async (root) => {
    const run = await runFixture(root);
    assert.match(run.text, "there is no test/**/*.test.ts");
    assert.is(run.exitCode, 1);
  });
});

test("an unknown flag and a deadline that is no number fail", async () => {
  await withFixture({ "test/a.test.ts": good }, async (root) => {
    assert.match((await runFixture(root, "--verbose")).text, "FAIL  Unknown option '--verbose'");
    assert.match((await runFixture(root, "--deadline-ms", "soon")).text, "must be a whole number of milliseconds");
  });
});

test("what a file left running ends with it, hung or not", async () => {
  const parent = (after: string): string => `${uvu}
    import { spawn } from "node:child_process";
    import { writeFileSync } from "node:fs";
    test("leaves a process", async () => {
      const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" });
      child.unref();
      writeFileSync("pid", String(child.pid));
      ${after}
    });
    test.run();`;
  for (const after of ["", "await new Promise(() => setInterval(() => {}, 1000));"]) {
    await withFixture({ "test/leaves.test.ts": parent(after) }, async (root) => {
      const ended = await runFile("test/leaves.test.ts", { root, deadlineMs: 3000, env: process.env });
      assert.is(ended.isOverdue, after !== "");
      const pid = Number(readFileSync(join(root, "pid"), "utf8"));
      await eventually(() => !isAlive(pid), `process ${pid} to be gone`);
    });
  }
});

test("a run that is interrupted takes its test files with it", async () => {
  const endless = `${uvu}
    import { writeFileSync } from "node:fs";
    test("hangs", async () => {
      writeFileSync("pid", String(process.pid));
      await new Promise(() => setInterval(() => {}, 1000));
    });
    test.run();`;
  await withFixture({ "test/endless.test.ts": endless }, async (root) => {
    const runner = spawn(process.execPath, [join(repository, "test/run.ts"), "endless"], {
      cwd: root,
      stdio: "ignore",
    });
    const ended = Promise.withResolvers<number | null>();
    runner.once("exit", ended.resolve);
    const read = () => existsSync(join(root, "pid")) && Number(readFileSync(join(root, "pid"), "utf8"));
    const pid = await eventually(() => read() || false, "the test file to begin");
    runner.kill("SIGTERM");
    assert.is(await within(ended.promise, "the runner to end"), 1);
    await eventually(() => !isAlive(pid), `process ${pid} to be gone`);
  });
});

test("output without end is kept at its beginning and its end", async () => {
  const loud = `process.stdout.write("first\\n" + "x".repeat(9_000_000) + "\\nlast");`;
  await withFixture({ "test/loud.test.ts": loud }, async (root) => {
    const { output } = await runFile("test/loud.test.ts", { root, deadlineMs: 20_000, env: process.env });
    assert.ok(output.length < 4_000_000);
    assert.ok(output.startsWith("first\n"));
    assert.ok(output.endsWith("\nlast"));
    assert.match(output, "characters left out");
  });
});

test("a floor that is missed fails the run, before the plain line", async () => {
  const files = {
    "machines/half.ts": "export const half = (x: number) => {\n  if (x > 1) {\n    return 1;\n  }\n  return 2;\n};\n",
    "machines/forgotten.ts": "export const forgotten = 1;\n",
    "src/types.ts": "// Only types.\nexport interface Only {\n  types: 1;\n}\n",
    "test/a.test.ts": `import { half } from "../machines/half.ts"; ${uvu}test("half", () => { half(1); }); test.run();`,
  };
  await withFixture(files, async (root) => {
    const run = await runFixture(root);
    assert.match(run.text, /FAIL {2}coverage of machines\/: \d\d\.\d\d % of the lines, the floor is 95 %/);
    assert.match(run.text, "machines/forgotten.ts (1)");
    assert.not.match(run.text, "coverage of src/");
    assert.match(run.lines.at(-1) ?? "", /^1 passed, [12] failed$/);
    assert.is(run.exitCode, 1);
    const part = await runFixture(root, "--coverage", "a.test");
    assert.match(part.text, "half.ts");
    assert.is(part.lines.at(-1), "1 passed, 0 failed");
  });
});

test("floors are judged over a directory's files together, less those of a narrower floor", () => {
  const figures = (covered: number) => ({ lines: { total: 10, covered }, branches: { total: 10, covered: 10 } });
  const files = new Map([
    ["src/a.ts", figures(10)],
    ["src/b.ts", figures(7)],
    ["src/page/a.js", figures(0)],
    ["machines/a.ts", figures(10)],
  ]);
  const floors: Floor[] = [
    { directory: "machines/", lines: 95, branches: 95 },
    { directory: "src/", lines: 90, branches: 90 },
    { directory: "src/page/", lines: 50, branches: 50, needsBrowser: true },
  ];
  const [missed, ...others] = missedFloors(files, floors, false);
  assert.equal(others, []);
  assert.match(
    missed ?? "",
    "coverage of src/: 85.00 % of the lines, the floor is 90 %; most is missing in src/b.ts (3)",
  );
  files.set("src/b.ts", figures(8));
  assert.equal(missedFloors(files, floors, false), []);
  assert.match(missedFloors(files, floors, true).join(), /^coverage of src\/page\/: 0\.00 % of the lines[^;]*; [^,]*$/);
  assert.equal(missedFloors(new Map(), floors, true), []);
});

test("a file of types and comments has nothing to reach, any code has", () => {
  assert.ok(
    isTypeOnly("// A comment.\nimport type { A } from 'a';\nexport interface B extends A {}\nexport type C = 1;"),
  );
  assert.not.ok(isTypeOnly("export interface B {}\nexport const c = 1;"));
});

test("type-only files are found by their path below the root", async () => {
  await withFixture({ "src/ports/a.ts": "export type A = 1;", "src/b.ts": "export const b = 1;" }, (root) => {
    assert.equal(typeOnlyFiles(root), ["src/ports/a.ts"]);
  });
});

test("files that run alone come last, the longest of the others first", async () => {
  const files = Object.fromEntries(
    ["a", "b", "slow", "c.alone", "heavy"].map((name) => [`test/${name}.test.ts`, good]),
  );
  const rows = [
    { path: "heavy", alone: true as const },
    { path: "slow", deadlineMs: 99_000 },
  ];
  await withFixture(files, (root) => {
    const order = testFiles(root, [], rows).map((file) => file.path.replace(/test\/|\.test\.ts/g, ""));
    assert.equal(order, ["slow", "a", "b", "c.alone", "heavy"]);
  });
});

test("a file that runs alone overlaps with no other", async () => {
  const stamp = (name: string): string => `${uvu}
    import { appendFileSync } from "node:fs";
    test("one", async () => {
      appendFileSync("log", "+${name} ");
      await new Promise((r) => setTimeout(r, 300));
      appendFileSync("log", "-${name} ");
    });
    test.run();`;
  const names = ["one", "two", "three.alone", "four.alone"];
  await withFixture(Object.fromEntries(names.map((name) => [`test/${name}.test.ts`, stamp(name)])), async (root) => {
    const run = await runFixture(root, "test");
    assert.is(run.lines.at(-1), "4 passed, 0 failed");
    const log = readFileSync(join(root, "log"), "utf8");
    assert.match(log, "+four.alone -four.alone +three.alone -three.alone");
    assert.match(log, /^\+(one|two) \+(one|two)/);
  });
});

const ended = (output: string, more: Partial<Ended> = {}): Ended => ({
  output,
  exitCode: 0,
  signal: null,
  isOverdue: false,
  deadlineMs: 1000,
  ...more,
});
const summary = (total: number, passed: number, skipped: number): string =>
  `\n  Total:     ${total}\n  Passed:    ${passed}\n  Skipped:   ${skipped}\n  Duration:  1ms\n\n`;

test("the last summary of the output counts", () => {
  assert.equal(summaryOf(summary(9, 9, 9) + summary(3, 2, 1)), { total: 3, passed: 2, skipped: 1 });
  assert.is(summaryOf("Total: 3"), undefined);
});

test("a verdict with a reason never says that nothing failed", () => {
  assert.is(verdictOn(ended(summary(3, 3, 0), { exitCode: 7 })).failed, 1);
  assert.is(verdictOn(ended(summary(3, 3, 0), { isOverdue: true })).failed, 1);
  assert.match(verdictOn(ended(summary(3, 1, 0))).reason ?? "", "left 2 tests out");
  assert.is(verdictOn(ended(summary(3, 1, 0), { exitCode: 1 })).failed, 2);
  assert.is(verdictOn(ended(summary(3, 1, 0), { exitCode: 1 })).reason, undefined);
  assert.is(verdictOn(ended("", { exitCode: null, signal: "SIGSEGV" })).failed, 1);
});

test.run();

// Runs the runner on files that are broken in every way a test file can be. Each must be reported as failed, with its
// name and reason, and a run with such a file must never end like a success.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets, type FileBudget, type Floor, type Form, fileBudgets } from "./budgets.ts";
import { isTypeOnly, missedFloors, typeOnlyFiles } from "./run/coverage.ts";
import { testFiles } from "./run/files.ts";
import { runFile } from "./run/process.ts";
import { type Ended, summaryOf, verdictOn } from "./run/verdict.ts";
import { eventually, within } from "./support/deadline.ts";

const test = suite("test runner");
const repository = join(import.meta.dirname, "..");

/** Creates a temporary folder with these files, and removes it afterwards. */
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

function runFixture(root: string, ...args: string[]): Promise<Run> {
  return outcomeOf(spawn(process.execPath, [join(repository, "test/run.ts"), ...args], { cwd: root, stdio: "pipe" }));
}

async function outcomeOf(child: ChildProcessWithoutNullStreams): Promise<Run> {
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  child.stderr.resume();
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once("close", resolve);
  const exitCode = await within(promise, () => `the run to end; it said:\n${text}`, 60_000);
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

test("a good fixture passes, and the line with the totals is the last", async () => {
  await withFixture({ "test/a.test.ts": good, "test/deep/b.test.ts": good }, async (root) => {
    const run = await runFixture(root);
    assert.is(run.lines.at(-1), "4 passed, 0 failed");
    assert.is(run.exitCode, 0);
    assert.match(run.text, /^ok {4}test\/a\.test\.ts {2}2 passed, 0 failed {2}\d+\.\d s$/m);
  });
});

test("skipped tests are counted above the line with the totals", async () => {
  const skipping = `${uvu}test("one", () => {}); test.skip("two", () => {}); test.run();`;
  const allSkipped = `${uvu}test.skip("one", () => {}); test.run();`;
  await withFixture({ "test/a.test.ts": skipping, "test/b.test.ts": allSkipped }, async (root) => {
    const run = await runFixture(root, "test");
    assert.match(run.lines.at(-2) ?? "", /^\d+ s, 2 skipped$/);
    assert.is(run.lines.at(-1), "1 passed, 0 failed");
    assert.is(run.exitCode, 0);
  });
});

/** What makes each file fail, what the run must report about it at its end, and how many of its tests still pass. */
const broken: { what: string; text: string; says: RegExp; passed?: number; hangs?: true }[] = [
  {
    what: "a test that throws",
    text: `${uvu}test("good", () => {}); test("bad", () => { throw new Error("what went wrong"); }); test.run();`,
    says: /^1 passed, 1 failed {2}[\d.]+ s\n {2}✘ sample: bad\n {4}what went wrong$/,
    passed: 1,
  },
  {
    what: "an assertion that does not hold",
    text: `import * as assert from "uvu/assert"; ${uvu}
      test("bad \\"one\\"", () => { assert.is(1, 2); });
      test("worse", () => { throw new Error("and this"); });
      test.run();`,
    says: /^0 passed, 2.*\n {2}✘ sample: bad "one"\n {4}Expected[^✘]*2[^✘]*1[^✘]*✘ sample: worse\n {4}and this$/,
  },
  {
    what: "a file that forgets .run()",
    text: `${uvu}test("never runs", () => {});`,
    says: /^ended without uvu's summary: is `\.run\(\)` called/,
  },
  {
    what: "a file without a test",
    text: `${uvu}test.run();`,
    says: /^executed no test/,
  },
  {
    what: "an empty file",
    text: "",
    says: /^ended without uvu's summary/,
  },
  {
    what: "a file whose top level throws",
    text: `${uvu}test("never runs", () => {}); test.run(); throw new Error("top level");`,
    says: /^ended with exit code 1 and without uvu's summary.*\n {4}Error: top level/,
  },
  {
    what: "a file that does not parse",
    text: "const = 1;",
    says: /^ended with exit code 1 and without uvu's summary.*\n {4}SyntaxError/,
  },
  {
    what: "a rejection that nobody handles while the tests run",
    text: `${uvu}
      test("one", async () => {
        Promise.reject(new Error("nobody"));
        await new Promise((resolve) => setTimeout(resolve, 50));
      });
      test.run();`,
    says: /^ended with exit code 1 and without.*\n {4}Error: nobody/,
  },
  {
    what: "a rejection that nobody handles after the tests",
    text: `${uvu}test("one", () => { setTimeout(() => Promise.reject(new Error("late")), 50); }); test.run();`,
    says: /^ended with exit code 1 though its tests passed.*\n {4}Error: late/,
    passed: 1,
  },
  {
    what: "a before hook that throws",
    text: `${uvu}test.before(() => { throw new Error("swallowed"); }); test("one", () => {}); test.run();`,
    says: /^left 1 tests out: a before hook threw/,
  },
  {
    what: "an after hook that throws",
    text: `${uvu}test.after(() => { throw new Error("untidy"); }); test("one", () => {}); test.run();`,
    says: /^ended with exit code 1.*\n {4}Error: untidy/,
  },
  {
    what: "an exit with 0 before the tests have run",
    text: `${uvu}test("one", () => {}); test.run(); process.exit(0);`,
    says: /^ended without uvu's summary: .* process\.exit/,
  },
  {
    what: "an exit with 0 in the middle of the tests",
    text: `${uvu}test("one", () => process.exit(0)); test.run();`,
    says: /^ended with exit code 1 and without/,
  },
  {
    what: "a file that kills itself",
    text: `${uvu}test("one", () => process.kill(process.pid, "SIGKILL")); test.run();`,
    says: /^was ended by SIGKILL/,
  },
  {
    what: "a test that hangs",
    text: `${uvu}test("hangs", () => new Promise(() => setInterval(() => {}, 1000))); test.run();`,
    says: /^was ended after 10 s: a test hangs/,
    hangs: true,
  },
  {
    what: "a process that stays open after its tests",
    text: `${uvu}test("leaks", () => { setInterval(() => {}, 1000); }); test.run();`,
    says: /^was ended after 10 s: its tests are over, but something holds/,
    passed: 1,
    hangs: true,
  },
];

/**
 * All run together, beside a good file. Files that hang have their own run, whose deadline is long enough for the good
 * file.
 */
for (const isHanging of [false, true]) {
  const files = broken.filter(({ hangs = false }) => hangs === isHanging);
  const when = isHanging ? "when its time is over" : "by itself";
  test(`each of ${files.length} broken files fails ${when} and is reported by name`, async () => {
    const texts = Object.fromEntries(files.map(({ text }, index) => [`test/broken-${index}.test.ts`, text]));
    await withFixture({ "test/good.test.ts": good, ...texts }, async (root) => {
      const run = await runFixture(root, ...(isHanging ? ["--deadline-ms", "10000"] : []), "test");
      const atTheEnd = run.text.slice(run.text.lastIndexOf("\nFailed:\n"));
      for (const [index, { what, says }] of files.entries()) {
        const [, told] =
          new RegExp(`^test/broken-${index}\\.test\\.ts {2}((?:.|\\n(?!\\n))*)`, "m").exec(atTheEnd) ?? [];
        assert.match(told ?? "nothing", says, what);
        assert.match(run.text, new RegExp(`^FAIL {2}test/broken-${index}\\.test\\.ts {2}`, "m"), what);
      }
      const passed = files.reduce((sum, one) => sum + (one.passed ?? 0), 2);
      // One of the files has two failed tests.
      const failed = files.length + (isHanging ? 0 : 1);
      assert.is(run.lines.at(-1), `${passed} passed, ${failed} failed`);
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

test("an unknown flag and a deadline that is not a number fail", async () => {
  await withFixture({ "test/a.test.ts": good }, async (root) => {
    assert.match((await runFixture(root, "--verbose")).text, "FAIL  Unknown option '--verbose'");
    assert.match((await runFixture(root, "--deadline-ms", "soon")).text, "must be a whole number of milliseconds");
  });
});

test("processes that a test file left running end with it, whether it hangs or not", async () => {
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
      const ended = await runFile("test/leaves.test.ts", { root, deadlineMs: 10_000, env: process.env });
      assert.is(ended.isOverdue, after !== "");
      const pid = Number(readFileSync(join(root, "pid"), "utf8"));
      await eventually(() => !isAlive(pid), `process ${pid} to be gone`);
    });
  }
});

test("an interrupted run ends its test files", async () => {
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

test("of a very long output, the beginning and the end are kept", async () => {
  const loud = `process.stdout.write("first\\n" + "x".repeat(9_000_000) + "\\nlast");`;
  await withFixture({ "test/loud.test.ts": loud }, async (root) => {
    const { output } = await runFile("test/loud.test.ts", { root, deadlineMs: 20_000, env: process.env });
    assert.ok(output.length < 4_000_000);
    assert.ok(output.startsWith("first\n"));
    assert.ok(output.endsWith("\nlast"));
    assert.match(output, "characters left out");
  });
});

test("a missed floor fails the run, and is reported before the line with the totals", async () => {
  const files = {
    "machines/half.ts": "export const half = (x: number) => {\n  if (x > 1) {\n    return 1;\n  }\n  return 2;\n};\n",
    "machines/forgotten.ts": "export const forgotten = 1;\n",
    "src/types.ts": "// Only types.\nexport interface Only {\n  types: 1;\n}\n",
    "test/a.test.ts": `import { half } from "../machines/half.ts"; ${uvu}test("half", () => { half(1); }); test.run();`,
  };
  await withFixture(files, async (root) => {
    assert.is((await runFixture(root)).lines.at(-1), "1 passed, 0 failed");
    const run = await runFixture(root, "--coverage");
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

/**
 * Runs the CI script in a temporary folder, with these commands in place of the checks, and with nothing to install.
 */
async function runCi(check: string, testAll: string): Promise<Run> {
  const scripts = { check, "test:all": testAll };
  const files = {
    "package.json": JSON.stringify({ name: "x", version: "1.0.0", scripts }),
    "package-lock.json": JSON.stringify({ name: "x", version: "1.0.0", lockfileVersion: 3, packages: {} }),
    "bin/chromium": "",
    "bin/fiu-run": "",
  };
  const run: Partial<Run> = {};
  await withFixture(files, async (root) => {
    cpSync(join(repository, ".ci/run"), join(root, ".ci/run"));
    for (const name of ["chromium", "fiu-run"]) chmodSync(join(root, "bin", name), 0o755);
    rmSync(join(root, "node_modules"));
    const env = { ...process.env, PATH: `${join(root, "bin")}:${process.env["PATH"]}` };
    Object.assign(run, await outcomeOf(spawn(join(root, ".ci/run"), [], { cwd: root, env, stdio: "pipe" })));
  });
  return { exitCode: null, lines: [], text: "", ...run };
}

test("CI ends with the sum of both runs, and never with 0 failed when anything has failed", async () => {
  const good = "echo '3 passed, 0 failed'";
  for (const [check, testAll, last] of [
    [good, "echo beside; echo '40 passed, 0 failed'", "43 passed, 0 failed"],
    [good, "echo '40 passed, 2 failed'; exit 1", "43 passed, 2 failed"],
    ["echo 'a type is wrong'; exit 2", good, "3 passed, 1 failed"],
    ["echo '5 passed, 0 failed'; exit 1", good, "8 passed, 1 failed"],
    ["echo nothing", "echo nothing", "0 passed, 1 failed"],
  ] as const) {
    const { lines, exitCode, text } = await runCi(check, testAll);
    assert.is(lines.at(-1), last, text);
    assert.is(exitCode, last.endsWith(" 0 failed") ? 0 : 1, text);
  }
});

test("a floor holds for a directory's files together, except those of a narrower floor", () => {
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

test("a file of types and comments has nothing to cover, and a file with code has", () => {
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

const rows: FileBudget[] = [
  { path: "heavy", seconds: 2, alone: true },
  { path: "slow", seconds: 99, longSeconds: 999 },
  { path: "b.test", seconds: 1, longSeconds: 9 },
  { path: "late", longSeconds: 8 },
];

function order(root: string, form: Form, ...patterns: string[]): string[] {
  return testFiles(root, patterns, rows, form).map(({ path }) => path.replace(/test\/|\.test\.ts/g, ""));
}

test("the longest files come first, those that run alone last, and each runs only in a form that it has", async () => {
  const files = Object.fromEntries(
    ["a", "b", "slow", "c.alone", "heavy", "late"].map((name) => [`test/${name}.test.ts`, good]),
  );
  await withFixture(files, (root) => {
    assert.equal(order(root, "short"), ["slow", "b", "a", "heavy", "c.alone"]);
    assert.equal(order(root, "long"), ["slow", "b", "late"]);
    assert.equal(order(root, "long", "a.test", "slow"), ["slow", "a"]);
    const [slow, , a] = testFiles(root, [], rows);
    assert.equal([slow?.deadlineMs, a?.deadlineMs], [99_000 * budgets.deadlineFactor, budgets.fileDeadlineMs]);
  });
});

test("a test file receives the form that it must run", async () => {
  const telling = `${uvu}
    test("one", () => { throw new Error("form: " + process.env.TEST_FORM); });
    test.run();`;
  await withFixture({ "test/a.test.ts": telling }, async (root) => {
    assert.match((await runFixture(root, "a.test")).text, "form: short");
    assert.match((await runFixture(root, "--long", "a.test")).text, "form: long");
  });
});

test("every row of the budgets matches a test file", () => {
  const paths = testFiles(repository, [], []).map(({ path }) => path);
  for (const row of fileBudgets)
    assert.ok(
      paths.some((path) => path.includes(row.path)),
      row.path,
    );
});

test("a file that runs alone overlaps with no other, and the others overlap", async () => {
  const stamp = (name: string, until: string): string => `${uvu}
    import { appendFileSync, readFileSync } from "node:fs";
    test("one", async () => {
      appendFileSync("log", "+${name} ");
      do await new Promise((r) => setTimeout(r, 50)); while (!(${until}));
      appendFileSync("log", "-${name} ");
    });
    test.run();`;
  const isSeen = (name: string): string => `readFileSync("log", "utf8").includes("+${name}")`;
  const stamps = [
    ["one", isSeen("two")],
    ["two", isSeen("one")],
    ["three.alone", "true"],
    ["four.alone", "true"],
  ] as const;
  const files = Object.fromEntries(stamps.map(([name, until]) => [`test/${name}.test.ts`, stamp(name, until)]));
  await withFixture(files, async (root) => {
    const run = await runFixture(root, "test");
    assert.is(run.lines.at(-1), "4 passed, 0 failed");
    const log = readFileSync(join(root, "log"), "utf8");
    assert.match(log, /^\+(one|two) .* \+four\.alone -four\.alone \+three\.alone -three\.alone $/);
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

// Checks the style of the code (CONTRIBUTING.md) on the real files, as far as a program can. test/tidy/checks.test.ts
// proves that the checks find their faults.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { clocksOutside, impureMachines } from "./tidy/clocks.ts";
import { privateNames, wrongImports } from "./tidy/imports.ts";
import { deadLinks } from "./tidy/links.ts";
import {
  asyncProvidedActions,
  chartFaults,
  isMachine,
  type Machine,
  misnamedMachine,
  unusedDeclarations,
} from "./tidy/machines.ts";
import { deadPaths } from "./tidy/paths.ts";
import { placesOfAMachine } from "./tidy/places.ts";
import { withoutRow } from "./tidy/reference.ts";
import { circularFiles, upwardArrows, wrongRooms } from "./tidy/rooms.ts";
import { escapesFromTypes, nearlyTooLong, tooLong, unfinishedWords, wideLines, withoutOpening } from "./tidy/shape.ts";
import { isIn, isTypeScript, type Source, sourcesOf } from "./tidy/source.ts";
import { idleTestFiles } from "./tidy/test-files.ts";
import { unusedExports } from "./tidy/unused.ts";
import { oldWords } from "./tidy/words.ts";

const root = join(import.meta.dirname, "..");
const fixture = sourcesOf(root);
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

function none(findings: readonly string[]): void {
  if (findings.length === 0) return;
  const error = new Error(`${findings.length} found:\n    ${findings.join("\n    ")}`);
  // The findings name their files, and the stack of this error adds nothing.
  error.stack = error.name;
  throw error;
}

// ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const files = suite("tidy: files");

files("the files of the repository are found", () => {
  const paths = fixture.map((source) => source.path);
  for (const path of ["package.json", "src/limits.ts", "test/tidy.test.ts", "LICENSE", ".gitignore"]) {
    assert.ok(paths.includes(path), path);
  }
  assert.not.ok(paths.some((path) => path.includes("node_modules/")));
});

files("no file is longer than 400 lines", () => {
  none(tooLong(fixture));
  for (const finding of nearlyTooLong(fixture)) process.stdout.write(`\n  note: ${finding}`);
});

files("no line is wider than 120 columns", () => none(wideLines(fixture)));

files("every file opens with a sentence", () => none(withoutOpening(fixture)));

files("no file has a marker of unfinished work", () => none(unfinishedWords(fixture)));

files("names and sentences use standard terms", () => none(oldWords(fixture)));

files("nothing escapes from the type checker or from coverage", () => none(escapesFromTypes(fixture)));

files("no file names a machine or a registry", () => none(placesOfAMachine(fixture)));

files("every exported name is used", () => none(unusedExports(fixture, entries())));

/** The package's entry points. */
function entries(): Set<string> {
  const found = new Set(["src/cli.ts"]);
  for (const value of Object.values(field(packageJson(), "exports"))) {
    if (typeof value === "string") found.add(value.replace(/^\.\//, ""));
  }
  return found;
}

function packageJson(): Record<string, unknown> {
  const parsed: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  if (!isRecord(parsed)) throw new Error("package.json holds no object");
  return parsed;
}

function field(record: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = record[name];
  if (!isRecord(value)) throw new Error(`package.json has no ${name}`);
  return value;
}

files.run();

// ── architecture ──────────────────────────────────────────────────────────────────────────────────────────────────

const architecture = suite("tidy: architecture");

architecture("imports point one way", () => none(wrongImports(fixture)));

architecture("private names of XState are used in one file", () => none(privateNames(fixture)));

architecture("every file is in a room, and a room imports only what the table says", () => none(wrongRooms(fixture)));

architecture("no room and no file is part of an import cycle", () =>
  none([...upwardArrows(), ...circularFiles(fixture)]),
);

architecture("every path that a text names leads to a file", () => none(deadPaths(fixture)));

architecture("every link in a document leads to a file and a heading", () =>
  none(deadLinks(fixture, (path) => existsSync(join(root, path)))),
);

architecture("machines use no clock, no randomness and nothing of the process, and never wait", () =>
  none(impureMachines(fixture)),
);

architecture("src reads the time from a Clock", () => none(clocksOutside(fixture)));

architecture.run();

// ── charts ────────────────────────────────────────────────────────────────────────────────────────────────────────

const charts = suite("tidy: charts");

interface Loaded {
  source: Source;
  exportName: string;
  machine: Machine;
}

async function machinesOf(sources: readonly Source[]): Promise<Loaded[]> {
  const loaded: Loaded[] = [];
  for (const source of sources.filter((candidate) => isIn("machines")(candidate) && isTypeScript(candidate))) {
    const exported: unknown = await import(join(root, source.path));
    for (const [exportName, machine] of isRecord(exported) ? Object.entries(exported) : []) {
      if (isMachine(machine)) loaded.push({ source, exportName, machine });
    }
  }
  return loaded;
}

const loaded = await machinesOf(fixture);

charts("at least one chart is found", () => assert.ok(loaded.length > 0));

charts("every state has a description, and nothing is inline or async", () => {
  none(loaded.flatMap(({ machine }) => chartFaults(machine)));
});

charts("a machine's file, export and id have the same name", () => {
  none(loaded.flatMap(({ source, exportName, machine }) => misnamedMachine(source.path, exportName, machine)));
});

charts("every declared name is used in the chart", () => {
  none(loaded.flatMap(({ source, machine }) => unusedDeclarations(source, machine)));
});

charts("no async action is provided to a machine", () => none(asyncProvidedActions(fixture)));

charts.run();

// ── tests and documents ───────────────────────────────────────────────────────────────────────────────────────────

const promises = suite("tidy: tests and documents");

promises("every test file runs its suites, asserts, and never sleeps", () => none(idleTestFiles(fixture)));

promises("every limit, close code, flag and dependency has a row in its document", async () => {
  const { limits } = await import("../src/limits.ts");
  const { closes } = await import("../src/protocol/closes.ts");
  const { flags } = await import("../src/server/config/settings.ts");
  const codes = Object.values(closes).map(({ code }) => String(code));
  none([
    ...withoutRow(fixture, "docs/reference/limits.md", Object.keys(limits)),
    ...withoutRow(fixture, "docs/reference/close-codes.md", codes),
    ...withoutRow(
      fixture,
      "docs/reference/configuration.md",
      Object.keys(flags).map((name) => `--${name}`),
    ),
    ...withoutRow(fixture, "docs/architecture.md", Object.keys(field(packageJson(), "dependencies"))),
  ]);
});

promises.run();

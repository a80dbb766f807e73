// `npm run xstate:next`: compiles a copy of the repository against a pre-release of XState, starts every chart with it,
// runs the charts' tests, and reports what would break. It fails nothing: the server uses the release in package.json.
import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Finding } from "./xstate-next/probe.ts";

/** Pinned, so that two reports can be compared. A newer one may be named: `npm run xstate:next -- 6.0.0`. */
const [version = "6.0.0-alpha.52"] = process.argv.slice(2);

const repository = join(import.meta.dirname, "..");
const copied = ["machines", "src", "test", "scripts", "visualizations", "package.json", "tsconfig.json"];
const suites = ["test/machines/*.test.ts", "test/runtime/{actor,shared}-*.test.ts", "test/diagnostics/*.test.ts"];
const messagesMost = 8;
const deadlineMs = 5 * 60_000;

interface Ended {
  output: string;
  isGood: boolean;
}

function run(directory: string, command: string, args: readonly string[]): Ended {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: directory,
    encoding: "utf8",
    timeout: deadlineMs,
    maxBuffer: 64 * 2 ** 20,
  });
  return { output: `${stdout}${stderr}`, isGood: status === 0 };
}

/** The repository with its packages, and this version of XState in the place of the pinned one. */
function makeCopy(directory: string): void {
  for (const name of copied) cpSync(join(repository, name), join(directory, name), { recursive: true });
  const packages = join(directory, "node_modules");
  mkdirSync(packages);
  for (const name of readdirSync(join(repository, "node_modules")))
    if (name !== "xstate") symlinkSync(join(repository, "node_modules", name), join(packages, name));
  const packed = run(directory, "npm", ["pack", "--silent", `xstate@${version}`]);
  const file = packed.output.trim().split("\n").at(-1) ?? "";
  mkdirSync(join(packages, "xstate"));
  const unpacked = run(directory, "tar", ["-xzf", file, "-C", join(packages, "xstate"), "--strip-components=1"]);
  if (!packed.isGood || !unpacked.isGood)
    throw new Error(`xstate@${version} cannot be downloaded: npm view xstate versions lists those that can.`);
  writeFileSync(
    join(directory, "tsconfig.next.json"),
    JSON.stringify({ extends: "./tsconfig.json", include: ["machines", "src", "scripts"] }),
  );
}

/** The compiler's errors, by folder and by message. */
function compiled(directory: string): string[] {
  const { output } = run(directory, process.execPath, [
    join(repository, "node_modules/typescript/bin/tsc"),
    ...["-p", "tsconfig.next.json", "--pretty", "false"],
  ]);
  const folders = new Map<string, number>();
  const messages = new Map<string, number>();
  for (const [, folder = "", message = ""] of output.matchAll(/^(\w+)\/.*?: error (TS\d+: .*)$/gm)) {
    folders.set(folder, (folders.get(folder) ?? 0) + 1);
    const general = message.replaceAll(/'[^']*'|"[^"]*"/g, "…").slice(0, 100);
    messages.set(general, (messages.get(general) ?? 0) + 1);
  }
  const counts = [...folders].map(([folder, count]) => `${count} in ${folder}/`);
  const most = [...messages].sort(([, one], [, other]) => other - one).slice(0, messagesMost);
  return [
    `errors of the compiler: ${counts.length === 0 ? "none" : counts.join(", ")}`,
    ...most.map(([message, count]) => `  ${String(count).padStart(4)} × ${message}`),
  ];
}

function probed(directory: string): Map<string, Finding> {
  const { output } = run(directory, process.execPath, ["scripts/xstate-next/probe.ts"]);
  const lines = output.split("\n").filter((line) => line.startsWith("{"));
  const findings: Finding[] = lines.map((line) => JSON.parse(line));
  return new Map(findings.map((finding) => [finding.what, finding]));
}

/** What the probe finds with this version, held against the release in package.json. */
function compared(directory: string): string[] {
  const now = probed(repository);
  const next = probed(directory);
  return [...now].map(([what, { result }]) => {
    const { result: other, error } = next.get(what) ?? { error: "the probe did not get that far" };
    if (error !== undefined) return `BREAKS   ${what}: ${error}`;
    return other === result ? `the same  ${what} ${result}` : `DIFFERS  ${what} ${result}; then ${other}`;
  });
}

function tested(directory: string): string[] {
  return suites
    .flatMap((pattern) => globSync(pattern, { cwd: directory }))
    .sort()
    .map((file) => {
      const { output, isGood } = run(directory, process.execPath, ["--disable-warning=ExperimentalWarning", file]);
      const passed = /Passed:\s+(\d+)/.exec(output)?.[1] ?? "0";
      const total = /Total:\s+(\d+)/.exec(output)?.[1] ?? "?";
      return `${isGood ? "passes" : "FAILS "}  ${file}: ${passed} of ${total}`;
    });
}

const directory = mkdtempSync(join(tmpdir(), "turnwire-xstate-"));
try {
  makeCopy(directory);
  const report = [`XState ${version}`, ...compiled(directory), ...compared(directory), ...tested(directory)];
  process.stdout.write(`${report.join("\n")}\n`);
} catch (error) {
  process.stderr.write(`xstate:next: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}

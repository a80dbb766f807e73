// Finds tests that do not run, assert nothing or sleep. Such a test is worse than none, because it looks like a proof.
import { importsOf } from "./imports.ts";
import { mask } from "./mask.ts";
import { findAll, isIn, type Source } from "./source.ts";

const isTestFile = (source: Source): boolean => isIn("test")(source) && source.path.endsWith(".test.ts");

export function idleTestFiles(sources: readonly Source[]): string[] {
  return sources.filter(isTestFile).flatMap((source) => {
    const { code, withoutComments } = mask(source.text);
    const suites = [...code.matchAll(/\b(?:const|let)\s+(\w+)\s*=\s*suite\b/g)].map((match) => match[1] ?? "");
    const findings = suites
      .filter((name) => !new RegExp(`\\b${name}\\s*\\.\\s*run\\s*\\(`).test(code))
      .map((name) => `${source.path}: the suite \`${name}\` is never run: end the file with \`${name}.run()\``);
    // A file that runs another file's suite with other limits has no suite of its own.
    const playsAnother = importsOf(source).some(({ from }) => from.endsWith(".test.ts"));
    if (!playsAnother && !/\.run\s*\(\s*\)/.test(code) && findings.length === 0)
      findings.push(`${source.path}: runs no suite`);
    if (!playsAnother && !/["']uvu\/assert["']/.test(withoutComments))
      findings.push(`${source.path}: asserts nothing (no uvu/assert)`);
    findings.push(
      ...findAll(source, code, /\b(\w+)\.only\s*\(/g, ([word]) => `\`${word}\` leaves the other tests out`),
      ...findAll(
        source,
        code,
        /\bnew\s+Promise\b[^;]{0,80}(?<![.\w])setTimeout\s*\(/g,
        () => "sleeps: await what should happen",
      ),
      ...importsOf(source)
        .filter(({ from }) => /^(node:)?timers\/promises$/.test(from))
        .map(({ from, line }) => `${source.path}:${line}: sleeps with ${from}: await what should happen`),
    );
    return findings;
  });
}

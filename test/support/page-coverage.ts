// Writes the coverage of a page's scripts to the directory of Node's own coverage, so that c8 reads both.
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";

const root = join(import.meta.dirname, "../..");

/** Starts counting if coverage is enabled. The returned function writes the counts so far. */
export async function beginPageCoverage(page: Page): Promise<() => Promise<void>> {
  const directory = process.env["NODE_V8_COVERAGE"];
  if (directory === undefined) return async () => {};
  const session = await page.context().newCDPSession(page);
  await session.send("Profiler.enable");
  await session.send("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  return async () => {
    const { result } = await session.send("Profiler.takePreciseCoverage");
    const scripts = result.flatMap((script) =>
      URL.canParse(script.url) ? { ...script, url: fileOf(script.url) } : [],
    );
    writeFileSync(join(directory, `coverage-page-${randomUUID()}.json`), JSON.stringify({ result: scripts }));
  };
}

/** The file that the server sends for this URL. */
function fileOf(url: string): string {
  const { pathname } = new URL(url);
  const path = pathname.startsWith("/inspect/")
    ? join("visualizations/live", pathname.slice("/inspect/".length))
    : join("src/page", pathname);
  return pathToFileURL(join(root, path)).href;
}

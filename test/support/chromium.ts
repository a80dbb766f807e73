// A real browser for tests of the page. Each has a profile of its own, so that nothing is left over from another test.
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";

type ContextOptions = NonNullable<Parameters<typeof chromium.launchPersistentContext>[1]>;

const usualPlaces = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where a Chromium is installed; undefined when there is none. With CHROMIUM set only that place counts. */
export function findChromium(): string | undefined {
  const named = process.env["CHROMIUM"];
  return (named === undefined ? usualPlaces : [named]).find((path) => existsSync(path));
}

/** Where tests must not be left out for want of a browser. */
export const mustHaveChromium = process.env["CI"] === "true";

export const chromiumSwitches = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A single wait for the page to show something. */
const patienceMs = 10_000;

export interface Browser {
  readonly context: BrowserContext;
  /** What went wrong inside pages: exceptions, and what the Content-Security-Policy forbade. */
  readonly defects: string[];
  open(url: string): Promise<Page>;
  close(): Promise<void>;
}

export async function startBrowser(executablePath: string, options: ContextOptions = {}): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "turnwire-page-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: chromiumSwitches,
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  context.setDefaultTimeout(patienceMs);
  const defects: string[] = [];
  context.on("weberror", (error) => defects.push(error.error().stack ?? error.error().message));
  context.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) defects.push(message.text());
  });
  return {
    context,
    defects,
    async open(url) {
      const page = await context.newPage();
      await page.goto(url);
      return page;
    },
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

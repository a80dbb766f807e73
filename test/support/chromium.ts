// A real browser for tests of the page. Each browser has its own profile, so that tests share no state.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { budgets } from "../budgets.ts";
import { beginPageCoverage } from "./page-coverage.ts";

type ContextOptions = NonNullable<Parameters<typeof chromium.launchPersistentContext>[1]>;

/** In CI, browser tests must not be skipped for lack of a browser. */
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

export interface Browser {
  readonly context: BrowserContext;
  /** Uncaught exceptions and Content-Security-Policy violations in pages. */
  readonly defects: string[];
  open(url: string): Promise<Page>;
  /** Closes the pages that a test has left open. */
  closePages(): Promise<void>;
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
  context.setDefaultTimeout(budgets.pageMs);
  const defects: string[] = [];
  /** The open pages, each with the function that saves its coverage. */
  const opened = new Map<Page, () => Promise<void>>();
  context.on("weberror", (error) => defects.push(error.error().stack ?? error.error().message));
  context.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) defects.push(message.text());
  });
  return {
    context,
    defects,
    async open(url) {
      const page = await context.newPage();
      opened.set(page, await beginPageCoverage(page));
      page.once("close", () => opened.delete(page));
      await page.goto(url);
      return page;
    },
    async closePages() {
      for (const [page, keepCoverage] of opened) {
        await keepCoverage();
        await page.close();
      }
    },
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

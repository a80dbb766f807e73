// Drives the inspector's page as an operator does: finds and picks actors, and reads which states light up. Every wait
// has a deadline.
import { readFile } from "node:fs/promises";
import type { Locator, Page } from "playwright-core";
import type { RecordedActor, RecordedChange, Recording } from "../../src/diagnostics/inspection/recording.ts";
import { eventually } from "./deadline.ts";

/** The states lit and the transitions flashed since watches() was called, in order. */
export interface Seen {
  lit: string[][];
  flashed: string[];
}

/** An exported file, and what it says of its only actor. */
export interface Exported {
  path: string;
  actor: RecordedActor;
  entries: RecordedChange[];
}

export class Operator {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Waits until the page has its first answers. */
  async isLive(): Promise<this> {
    await this.sees("#health", "Live");
    await this.page.locator("#tree li").first().waitFor();
    return this;
  }

  async sees(selector: string, text: string | RegExp): Promise<Locator> {
    const found = this.page.locator(selector).filter({ hasText: text }).first();
    await found.waitFor();
    return found;
  }

  /** The id of the oldest actor. */
  async firstActor(): Promise<string> {
    const address = await this.page.locator('.actors a[href^="#/a/"]').first().getAttribute("href");
    const id = address?.split("/")[2];
    if (id === undefined) throw new Error(`not the address of an actor: ${address}`);
    return decodeURIComponent(id);
  }

  /** The row of an actor in the search results. */
  row(id: string): Locator {
    return this.page.locator(`.actors a[href^="#/a/${encodeURIComponent(id)}/"]`);
  }

  async picks(id: string): Promise<void> {
    await this.row(id).click();
    await this.sees("#moment", "live");
    await this.page.locator("#chart g.lit").first().waitFor({ state: "attached" });
    // Any row will do: with a socket that is never silent, the first one is soon out of sight.
    await this.page.locator("#log-rows > *").first().waitFor({ state: "attached" });
  }

  /** Waits until exactly these states are lit on the chart. */
  async seesLit(...states: string[]): Promise<void> {
    const wanted = [...states].sort().join(" ");
    const lit = (): Promise<string> => this.page.evaluate(`${litNow}.sort().join(" ")`);
    await eventually(async () => (await lit()) === wanted, `these to be lit: ${wanted}`);
  }

  /** From now on records the states that light up and the transitions that flash. */
  async watches(): Promise<void> {
    await this.page.evaluate(`{
      window.seen = { lit: [], flashed: [] };
      const look = () => {
        const lit = ${litNow};
        if (String(lit) !== String(seen.lit.at(-1) ?? [])) seen.lit.push(lit);
        for (const group of document.querySelectorAll("#chart .flash"))
          if (!seen.flashed.includes(group.dataset.transition)) seen.flashed.push(group.dataset.transition);
      };
      look();
      const options = { subtree: true, attributes: true, attributeFilter: ["class"] };
      new MutationObserver(look).observe(document.getElementById("chart"), options);
    }`);
  }

  async saw(): Promise<Seen> {
    const seen: Seen = await this.page.evaluate("window.seen");
    return seen;
  }

  async exports(): Promise<Exported> {
    const [download] = await Promise.all([this.page.waitForEvent("download"), this.page.click("#log-export")]);
    const path = await download.path();
    const { actors, changes }: Recording = JSON.parse(await readFile(path, "utf8"));
    const [actor] = actors;
    if (!actor) throw new Error("the exported file has no actor");
    return { path, actor, entries: changes };
  }
}

/** Evaluated in the page: the lit states, in the chart's order. */
const litNow = '[...document.querySelectorAll("#chart g.lit > .box")].map((box) => box.parentElement.dataset.state)';

/** Evaluated in the page: what a finger would miss, and whether the page is wider than the screen. */
export const touched = `[
  ...[...document.querySelectorAll("a, button, input, select, summary, [role=option]")]
    .filter((target) => target.checkVisibility() && !target.matches(".skip"))
    .filter((target) => Math.min(target.getBoundingClientRect().width, target.getBoundingClientRect().height) < 40)
    .map((target) => "small: " + (target.id || target.textContent)),
  ...(document.documentElement.scrollWidth > innerWidth ? ["it scrolls sideways"] : []),
]`;

// An operator at the inspector's page: finds and picks actors as people do, and sees what lights up. Every wait has the
// browser's deadline.
import { readFile } from "node:fs/promises";
import type { Locator, Page } from "playwright-core";
import { eventually } from "./deadline.ts";

/** What has been lit and what has flashed since a certain moment, in order. */
export interface Seen {
  lit: string[][];
  flashed: string[];
}

interface ExportedEntry {
  type: string;
  at: number;
  states: string[];
  event?: string;
  handled?: boolean;
  transitions?: string[];
  payload?: unknown;
}

/** As it is saved to a file. */
export interface Exported {
  actor: { id: string; chart: string };
  ending?: { how: string };
  entriesDropped: number;
  entries: ExportedEntry[];
}

export class Operator {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** The page has its first answers. */
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

  /** The id of the actor that has been there longest. */
  async firstActor(): Promise<string> {
    const address = await this.page.locator('.actors a[href^="#/a/"]').first().getAttribute("href");
    const id = address?.split("/")[2];
    if (id === undefined) throw new Error(`no actor's address: ${address}`);
    return decodeURIComponent(id);
  }

  /** The row of an actor among those that were found. */
  row(id: string): Locator {
    return this.page.locator(`.actors a[href^="#/a/${encodeURIComponent(id)}/"]`);
  }

  async picks(id: string): Promise<void> {
    await this.row(id).click();
    await this.sees("#moment", "live");
    await this.page.locator("#chart g.lit").first().waitFor({ state: "attached" });
    await this.sees("#log-rows", "you began to watch");
  }

  /** Waits until exactly these states are lit on the chart. */
  async seesLit(...states: string[]): Promise<void> {
    const wanted = [...states].sort().join(" ");
    const lit = (): Promise<string> => this.page.evaluate(`${litNow}.sort().join(" ")`);
    await eventually(async () => (await lit()) === wanted, `these to be lit: ${wanted}`);
  }

  /** From now on everything that lights up is kept. */
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
    const text = await readFile(await download.path(), "utf8");
    const exported: Exported = JSON.parse(text);
    return exported;
  }
}

/** In the page: the states that are lit, in the chart's order. */
const litNow = '[...document.querySelectorAll("#chart g.lit > .box")].map((box) => box.parentElement.dataset.state)';

// Drives the page as a user does, and waits for what a user would see. Every wait has a deadline.

import type { Locator, Page } from "playwright-core";
import * as assert from "uvu/assert";

export class Person {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Waits until the page is connected. */
  async isLive(): Promise<this> {
    await this.sees("#connection-text", "Live");
    return this;
  }

  async sees(selector: string, text: string | RegExp): Promise<Locator> {
    const found = this.page.locator(selector).filter({ hasText: text }).first();
    await found.waitFor();
    return found;
  }

  async seesNo(selector: string): Promise<void> {
    await this.page.locator(selector).first().waitFor({ state: "hidden" });
  }

  async chooses(model: string): Promise<void> {
    await this.page.selectOption("#model", model);
  }

  async says(text: string): Promise<void> {
    await this.page.fill("#text", text);
    await this.page.click("#send:not([disabled])");
  }

  /** Starts a script of the demo model: `tokens` words (w0, w1, w2 …), `delayMs` milliseconds apart. */
  async asksFor(tokens: number, delayMs: number): Promise<void> {
    await this.chooses("demo/script");
    await this.says(JSON.stringify({ tokens, delayMs }));
  }

  /** The words of the answer at this index; -1 is the last. */
  async words(place = -1): Promise<string[]> {
    const answers = this.page.locator(".answer");
    const text = await answers.nth(place).innerText();
    return text.split(/\s+/).filter((word) => /^w\d+$/.test(word));
  }

  /** Waits until the answer has this word, and checks that it has every word before it exactly once. */
  async hasReadTo(word: number, place = -1): Promise<void> {
    const answer = this.page.locator(".answer").nth(place);
    await answer.filter({ hasText: new RegExp(`\\bw${word}\\b`) }).waitFor();
    const words = await this.words(place);
    assert.equal(
      words,
      words.map((_, index) => `w${index}`),
    );
  }

  /** Waits until the last turn has ended and is stored. */
  async seesTheEnd(): Promise<void> {
    await this.page.locator('.turn[aria-busy="false"]').last().waitFor();
    await this.page.locator('.turn[aria-busy="true"]').waitFor({ state: "detached" });
  }
}

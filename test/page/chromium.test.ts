// The page in a real browser against the real server: what a user can rely on.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Browser, mustHaveChromium, startBrowser } from "../support/chromium.ts";
import { findChromium } from "../support/find-chromium.ts";
import { Person } from "../support/page-person.ts";
import { type PageServer, startPageServer } from "../support/page-server.ts";

const page = suite("page/chromium");
const executable = findChromium();

let server: PageServer;
let browser: Browser;

/** Registers a test, or skips it without a browser. In every test, no page may throw or violate its content policy. */
function promise(name: string, run: () => Promise<void>): void {
  const register = executable === undefined ? page.skip : page;
  register(name, async () => {
    try {
      await run();
      assert.equal(browser.defects, []);
    } finally {
      browser.defects.length = 0;
      await browser.closePages();
    }
  });
}

const visits = async (url = server.url): Promise<Person> => new Person(await browser.open(url)).isLive();

/** A second window at the same address. */
const looksOn = (person: Person): Promise<Person> => visits(person.page.url());

if (executable === undefined && mustHaveChromium) {
  page("with CI=true a Chromium is available", () => {
    assert.unreachable("no Chromium was found: install one, or name it in CHROMIUM");
  });
}

page.before(async () => {
  if (executable === undefined) return;
  server = await startPageServer();
  browser = await startBrowser(executable);
});

page.after(async () => {
  await browser?.close();
  await server?.stop();
});

promise("two windows show the same answer while it is written", async () => {
  const one = await visits();
  await one.asksFor(60, 30);
  await one.hasReadTo(3);
  const two = await looksOn(one);
  await two.hasReadTo(10);
  await Promise.all([one.hasReadTo(59), two.hasReadTo(59)]);
  await Promise.all([one.seesTheEnd(), two.seesTheEnd()]);
  assert.equal(await two.words(), await one.words());
  assert.is(await two.page.locator(".turn").count(), 1);
});

promise("a reload in mid-answer shows the whole answer", async () => {
  const one = await visits();
  await one.asksFor(80, 30);
  await one.hasReadTo(15);
  await one.page.reload();
  await one.hasReadTo(20);
  await one.sees(".bubble", '"tokens":80');
  await one.hasReadTo(79);
  await one.seesTheEnd();
  assert.is((await one.words()).length, 80);
  await one.page.reload();
  await one.hasReadTo(79);
  assert.is(await one.page.locator(".turn").count(), 1);
});

promise("a window that is closed in mid-answer and opened again shows everything", async () => {
  const one = await visits();
  await one.asksFor(50, 30);
  await one.hasReadTo(5);
  const url = one.page.url();
  await one.page.close();
  const again = await visits(url);
  await again.hasReadTo(49);
  assert.is((await again.words()).length, 50);
});

promise("a text sent during an answer is shown as queued and then answered", async () => {
  const one = await visits();
  await one.asksFor(1, 0);
  await one.seesTheEnd();
  const two = await looksOn(one);
  await one.says('{"tokens": 200, "delayMs": 30}');
  await one.hasReadTo(2);
  await one.says('{"tokens": 4}');
  await one.says('{"tokens": 5, "delayMs": 0, "note": "withdrawn"}');
  await one.sees(".queue-text", '{"tokens": 4}');
  await two.sees(".queue-text", "withdrawn");
  await two.page.getByRole("button", { name: /Withdraw.*withdrawn/ }).click();
  await one.page.locator(".queue-text", { hasText: "withdrawn" }).waitFor({ state: "detached" });
  await one.sees(".prompt .bubble", '{"tokens": 4}');
  await one.seesNo("#queue");
  await one.hasReadTo(3);
  await one.seesTheEnd();
  assert.equal(await one.words(), ["w0", "w1", "w2", "w3"]);
  assert.is((await one.words(1)).length, 200);
});

promise("a turn can be stopped from any window, and its text so far is kept", async () => {
  const one = await visits();
  await one.asksFor(2_000, 20);
  await one.hasReadTo(5);
  const two = await looksOn(one);
  await two.hasReadTo(8);
  await two.page.click("#stop");
  await one.sees(".turn-foot", "Stopped");
  await two.sees(".turn-foot", "Stopped");
  await one.seesNo("#stop");
  const written = await one.words();
  await one.page.reload();
  await one.hasReadTo(written.length - 1);
  assert.equal(await one.words(), written);
  await one.sees(".turn-foot", "Stopped");
});

promise(
  "a toggle changed in one window changes in the other, and its refusal is shown where the text was sent",
  async () => {
    const one = await visits();
    const two = await visits();
    const toggle = (person: Person) => person.page.getByRole("switch", { name: "Refuse new turns" });
    await toggle(one).click();
    await two.page.locator('input[role="switch"]:checked').waitFor();
    await two.says("is anybody there?");
    await two.page.locator("#notice").filter({ hasText: /./ }).waitFor();
    assert.is(await two.page.inputValue("#text"), "is anybody there?");
    await toggle(two).click();
    await one.page.locator('input[role="switch"]:not(:checked)').waitFor();
    await two.page.click("#send");
    await two.sees(".answer", "is anybody there?");
  },
);

promise("the message field shows the settings of the conversation surface", async () => {
  const one = await visits();
  await one.chooses("demo/echo");
  await one.says("hello");
  await one.seesTheEnd();
  await one.page.getByLabel("Effort", { exact: true }).selectOption("high");
  await one.page.locator('#effort option:checked[value="high"]').waitFor({ state: "attached" });
});

promise("after a kill and restart of the server the page reconnects and continues", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "turnwire-page-data-"));
  let mortal = await startPageServer({ dataDir });
  try {
    const httpPort = Number(new URL(mortal.url).port);
    const one = await visits(mortal.url);
    await one.asksFor(5_000, 20);
    await one.hasReadTo(20);
    await one.says('{"tokens": 3}');
    await one.sees(".queue-text", '{"tokens": 3}');
    await one.sees("#queue h2", "Waiting for the answer to finish");
    await one.hasReadTo(40);
    await mortal.stop("SIGKILL");
    await one.sees("#connection-text", /Reconnecting in \d+ s/);
    const written = await one.words();
    await one.page.fill("#text", "kept while nobody is there");
    // The connection text above changes at once. The button is redrawn with the next frame.
    await one.page.locator("#send:disabled").waitFor();
    mortal = await startPageServer({ dataDir, httpPort });
    await one.isLive();
    await one.seesNo("#stop");
    await one.hasReadTo(5);
    await one.sees(".turn-foot", "Interrupted");
    await one.sees("#queue h2", "Waiting for your next message");
    const kept = await one.words();
    assert.ok(kept.length > 20 && kept.length <= written.length + 1, `${kept.length} of ${written.length} words kept`);
    assert.is(await one.page.inputValue("#text"), "kept while nobody is there");
    await one.page.reload();
    await one.sees(".turn-foot", "Interrupted");
    await one.says('{"tokens": 6}');
    await one.sees(".prompt .bubble", '{"tokens": 6}');
    await one.seesNo("#queue");
    await one.seesTheEnd();
    assert.is(await one.page.locator(".turn").count(), 2);
    await one.page.close();
  } finally {
    await mortal.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
});

promise("a page of a server with a token asks for the token and accepts only the right one", async () => {
  const guarded = await startPageServer({ environment: { TURNWIRE_TOKEN: "right-and-long-enough" } });
  try {
    const one = new Person(await browser.open(guarded.url));
    const dialog = one.page.getByRole("dialog", { name: "This server asks for a token" });
    await dialog.waitFor();
    await one.page.getByRole("textbox", { name: "Token" }).fill("wrong");
    await dialog.getByRole("button").click();
    await one.page.getByRole("alert").filter({ hasText: "did not accept" }).waitFor();
    await one.page.getByRole("textbox", { name: "Token" }).fill("right-and-long-enough");
    await dialog.getByRole("button").click();
    await one.isLive();
    await one.chooses("demo/echo");
    await one.says("let me in");
    await one.sees(".answer", "let me in");
    await one.page.reload();
    await one.isLive();
    await one.page.close();
  } finally {
    await guarded.stop();
  }
});

promise("the link of a default start lets its owner in, and the token leaves the address bar", async () => {
  const guarded = await startPageServer({ makesToken: true });
  try {
    const one = new Person(await browser.open(guarded.link));
    await one.isLive();
    assert.not.match(one.page.url(), "token");
    await one.chooses("demo/echo");
    await one.says("let me in");
    await one.sees(".answer", "let me in");
    assert.not.match(one.page.url(), "token");
    await one.page.evaluate(() => localStorage.clear());
    await one.page.close();
    // A page that is open already, and has none.
    const other = new Person(await browser.open(guarded.url));
    await other.page.getByRole("dialog", { name: "This server asks for a token" }).waitFor();
    await other.page.evaluate((link) => location.assign(link), guarded.link);
    await other.isLive();
    assert.not.match(other.page.url(), "token");
    await other.page.close();
  } finally {
    await guarded.stop();
  }
});

promise("every action works with the keyboard", async () => {
  const one = await visits();
  const { keyboard } = one.page;
  await one.chooses("demo/echo");
  await one.page.focus("#text");
  await keyboard.type("first line");
  await keyboard.press("Shift+Enter");
  await keyboard.type("second line");
  await keyboard.press("Enter");
  await one.sees(".bubble", "first line\nsecond line");
  await one.seesTheEnd();
  await one.chooses("demo/script");
  await one.page.focus("#text");
  await keyboard.type('{"tokens": 900, "delayMs": 20}');
  await keyboard.press("Enter");
  await one.hasReadTo(2);
  await keyboard.press("Escape");
  await one.sees(".turn-foot", "Stopped");
  await one.page.locator(".conversations a").first().focus();
  await keyboard.press("ArrowDown");
  const focused = () => one.page.evaluate("document.activeElement.getAttribute('href')");
  const second = await one.page.locator(".conversations a").nth(1).getAttribute("href");
  assert.is(await focused(), second);
  await keyboard.press("Enter");
  await one.page.waitForURL((url) => url.hash === second);
});

promise("a compacted history is shown in every window, and the archive is one click away", async () => {
  const one = await visits();
  await one.chooses("demo/echo");
  await one.says("remember this");
  await one.sees(".answer", "remember this");
  await one.seesTheEnd();
  const two = await looksOn(one);
  await two.sees(".answer", "remember this");
  await one.page.click("#menu summary");
  await one.page.click("#compact");
  await one.sees(".toast", "summarised");
  await Promise.all([one.sees(".fold.system", "summarised"), two.sees(".fold.system", "summarised")]);
  assert.is(await one.page.locator(".bubble").count(), 1);
  await one.page.getByRole("button", { name: "Show the archive" }).click();
  await one.seesNo(".fold.system");
  await one.sees(".answer", "remember this");
});

promise("text is shown as text, even if it looks like HTML", async () => {
  const one = await visits();
  await one.chooses("demo/echo");
  const nasty = '<img src=x onerror="document.title=1"> **bold** [x](javascript:alert(1)) ```\n<b>code</b>\n```';
  await one.says(nasty);
  await one.seesTheEnd();
  await one.sees(".bubble", "<img src=x");
  await one.sees(".answer", "<img src=x");
  assert.is(await one.page.locator(".turns img").count(), 0);
  assert.is(await one.page.locator('a[href^="javascript"]').count(), 0);
  assert.is(await one.page.locator(".answer strong").innerText(), "bold");
});

promise("thoughts, tools and a failure are shown in the answer, also after a reload", async () => {
  const one = await visits();
  await one.page.getByRole("button", { name: "See tools at work" }).click();
  await one.page.click("#send:not([disabled])");
  await one.seesTheEnd();
  await one.chooses("demo/script");
  await one.says('{"tokens": 5, "failAfter": 2}');
  for (const isAfterReload of [false, true]) {
    if (isAfterReload) await one.page.reload();
    await one.sees(".fold.reasoning", "Thought about it");
    const calculator = await one.sees(".fold.tool", /calculator/);
    await calculator.locator("summary").click();
    await one.sees(".fold.tool[open]", /done.*Input.*\(17 \+ 4\) \* 2.*Result.*42/s);
    await one.sees(".error", "The turn failed.");
  }
});

promise("an answer's Markdown is rendered while it arrives", async () => {
  const one = await visits();
  await one.chooses("demo/echo");
  const blocks = ["## Head", "- one\n  - two", "3. three", "> said\n> more", "| a | b |", "---"];
  await one.says(
    [...blocks, "`x = 1`, *see* https://example.org/a.", "```js\nconst a = 1;\n```", "the end"].join("\n\n"),
  );
  await one.seesTheEnd();
  const parts = ["h4", "ul li.depth-1", "ol[start='3'] li", "blockquote", "pre.table", "hr", "code", "em"];
  for (const part of parts) assert.ok(await one.page.locator(`.answer ${part}`).count(), part);
  assert.is(await one.page.locator(".answer blockquote").innerText(), "said\nmore");
  assert.is(await one.page.locator('.answer pre[data-language="js"]').innerText(), "const a = 1;");
  assert.is(await one.page.locator(".answer a").getAttribute("href"), "https://example.org/a");
  await one.sees(".answer p", "the end");
});

promise("a conversation can be renamed from its menu, and every window shows the title", async () => {
  const one = await visits();
  await one.chooses("demo/echo");
  await one.says("hello");
  await one.seesTheEnd();
  const two = await looksOn(one);
  await one.page.click("#menu summary");
  await one.page.click("#rename");
  await one.page.fill("#rename-text", "Another title");
  await one.page.keyboard.press("Enter");
  await one.sees("#title", "Another title");
  await one.sees(".conversations a[aria-current]", "Another title");
  await two.page.reload();
  await two.sees("#title", "Another title");
});

promise("a view that was scrolled up stays in place, and one click leads back to the newest text", async () => {
  const one = await visits();
  await one.asksFor(1_500, 5);
  await one.hasReadTo(900);
  await one.page.evaluate("document.getElementById('scroller').scrollTop = 10");
  await one.page.locator("#newest").waitFor();
  const place = () => one.page.evaluate("document.getElementById('scroller').scrollTop");
  const before = await place();
  await one.hasReadTo(1_200);
  assert.is(await place(), before);
  await one.page.click("#newest");
  await one.seesNo("#newest");
  await one.hasReadTo(1_499);
});

promise("twenty thousand words are shown within 15 s", async () => {
  const one = await visits();
  const began = performance.now();
  await one.asksFor(20_000, 0);
  await one.hasReadTo(19_999);
  assert.is((await one.words()).length, 20_000);
  assert.ok(performance.now() - began < 15_000, "within 15 s");
});

promise("on a phone the list is a drawer, nothing is wider than the screen, and fields cause no zoom", async () => {
  const one = await visits();
  await one.page.setViewportSize({ width: 390, height: 844 });
  await one.asksFor(30, 0);
  await one.seesTheEnd();
  const widths = await one.page.evaluate("[document.documentElement.scrollWidth, innerWidth]");
  assert.equal(widths, [390, 390]);
  const sizes: number[] = await one.page.evaluate(`
    [...document.querySelectorAll("textarea, select, input")]
      .filter((field) => field.checkVisibility())
      .map((field) => Number.parseFloat(getComputedStyle(field).fontSize))
  `);
  assert.ok(sizes.length >= 3 && Math.min(...sizes) >= 16, `font sizes: ${sizes.join(", ")}`);
  await one.page.getByRole("button", { name: "Conversations" }).click();
  await one.page.locator(".sidebar.is-open").waitFor();
  await one.page.keyboard.press("Escape");
  await one.seesNo(".sidebar.is-open");
  assert.is(await one.page.evaluate("document.activeElement.id"), "sidebar-open");
});

promise(
  "on a phone Esc closes a toast first and then the surfaces, and a tap beside the surfaces closes them too",
  async () => {
    const one = await visits();
    await one.page.setViewportSize({ width: 390, height: 844 });
    await one.asksFor(30, 0);
    await one.seesTheEnd();
    await one.page.click("#menu summary");
    await one.page.click("#compact");
    await one.sees(".toast", "summarised");
    await one.page.getByRole("button", { name: "Surfaces", exact: true }).click();
    const toast = await one.page.locator(".toast").boundingBox();
    const refuse = await one.page.getByRole("switch", { name: "Refuse new turns" }).boundingBox();
    assert.ok(toast && refuse && toast.y > refuse.y + refuse.height, "the toast covers no surface");
    await one.page.keyboard.press("Escape");
    await one.seesNo(".toast");
    assert.ok(await one.page.isVisible("#panel"));
    await one.page.keyboard.press("Escape");
    await one.seesNo("#panel");
    assert.is(await one.page.evaluate("document.activeElement.id"), "panel-toggle");
    await one.page.click("#panel-toggle");
    await one.page.locator("#panel-scrim").click({ position: { x: 10, y: 400 } });
    await one.seesNo("#panel");
    await one.page.click("#menu summary");
    await one.page.click("#compact");
    await one.page.getByRole("button", { name: "Dismiss" }).click();
    await one.seesNo(".toast");
  },
);

page.run();

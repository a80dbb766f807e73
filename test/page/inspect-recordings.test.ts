// Recordings in a real browser: what the flight recorder has filed, and files that are loaded and played.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Recording } from "../../src/diagnostics/inspection/recording.ts";
import { film } from "../simulation/simulate.ts";
import { type Browser, startBrowser } from "../support/chromium.ts";
import { eventually } from "../support/deadline.ts";
import { findChromium } from "../support/find-chromium.ts";
import { type InspectFixture, type InspectFixtureOptions, startInspectFixture } from "../support/inspect-fixture.ts";
import { Operator, touched } from "../support/inspect-person.ts";

const page = suite("page/inspect-recordings");
const executable = findChromium();

let browser: Browser;

function promise(
  name: string,
  run: (fixture: InspectFixture, operator: Operator) => Promise<void>,
  options: InspectFixtureOptions = {},
): void {
  const register = executable === undefined ? page.skip : page;
  register(name, async () => {
    const fixture = await startInspectFixture(options);
    try {
      await run(fixture, await new Operator(await browser.open(fixture.url)).isLive());
      assert.equal(browser.defects, []);
    } finally {
      browser.defects.length = 0;
      await browser.closePages();
      await fixture.end();
    }
  });
}

page.before(async () => {
  if (executable !== undefined) browser = await startBrowser(executable, { acceptDownloads: true });
});

page.after(async () => {
  await browser?.close();
});

const states = { asking: "connection.open.chatTurn.asking", flowing: "connection.open.flow.flowing" };

promise(
  "a socket that was closed for flooding is counted, listed with the reason, and opens as it ended",
  async (fixture, operator) => {
    await operator.page.locator("#records-badge").waitFor({ state: "hidden" });
    const client = await fixture.join();
    for (let count = 0; count < 2_000; count++) client.send({ type: "ping" });
    await client.untilClosed();
    await operator.sees("#records-badge", "1");
    await operator.page.click("#to-records");
    await operator.sees("#records-note", "1 since the server's start.");
    const row = await operator.sees("#records-list .actor", "It kept sending requests too fast: 4003.");
    assert.match(String(await row.textContent()), /^connection.*because flooding/);
    await row.click();
    await operator.sees("#ending", "It has reached its end");
    await operator.sees("#film-caption", "It kept sending requests too fast: 4003.");
    await operator.seesLit("connection.closed");
    await operator.sees("#log-rows", "socket.flooding");
    await operator.page.click("#film-back");
    await operator.page.click("#film-back");
    await operator.seesLit("connection.closing.because.flooding", "connection.closing.farewell.told");
    await operator.page.locator("#film-cast").waitFor({ state: "hidden" });
    await operator.page.reload();
    await operator.seesLit("connection.closed");
    await operator.page.goto(`${fixture.url}#/record/r1/zzz`);
    await operator.sees("#film-trouble", "That record is of an earlier run of the server.");
  },
  { mode: "record", limits: { readsBurst: 50, readsPerSecond: 1 } },
);

promise("without the recorder the page says how to turn it on", async (_fixture, operator) => {
  await operator.page.click("#to-records");
  await operator.sees("#records-note", "without --inspect=record");
  await operator.page.click(".brand");
  await operator.page.locator("#home").waitFor();
});

promise(
  "what the page has saved is loaded, scrubbed, stepped through and played, even without the server",
  async (fixture, operator) => {
    const client = await fixture.join();
    await operator.picks(fixture.newest("connection"));
    client.send({ type: "chat.send", conversationId: "c", message: "hello" });
    await client.nextEvent("c", "turn-sealed");
    await operator.sees("#log-rows", "turn.over");
    const { path, entries } = await operator.exports();
    client.kill();
    await operator.page.context().setOffline(true);
    await operator.sees("#health", "The server cannot be reached.");
    await operator.page.click("#to-records");
    await operator.page.setInputFiles("#film-file", path);
    await operator.sees("#film-time", `change 0 of ${entries.length}`);
    await operator.page.locator("#film-scrub").fill("2");
    await operator.seesLit(states.asking, states.flowing);
    await operator.sees("#moment", /^as of/);
    const taken = operator.page.locator("#chart .taken");
    assert.match((await taken.allTextContents()).join(), "chat.send");
    await operator.page.click("#film-forth");
    await operator.sees("#film-time", `change 3 of ${entries.length}`);
    await operator.seesLit("connection.open.chatTurn.running", states.flowing);
    await operator.page.locator("#log").focus();
    await operator.page.keyboard.press("Home");
    await operator.sees("#film-time", `change 1 of ${entries.length}`);
    await operator.page.selectOption("#film-speed", "16");
    await operator.page.click("#film-play");
    await operator.sees("#film-time", `change ${entries.length} of ${entries.length}`);
    await operator.sees("#film-play", "Play");
    await operator.seesLit("connection.open.chatTurn.quiet", states.flowing);
    await operator.page.context().setOffline(false);
  },
);

promise(
  "a simulated seed is loaded, plays to its end, and shows every actor that lives at a moment",
  async (_, operator) => {
    const { recording } = await film(4);
    const { length } = recording.changes;
    const path = join(mkdtempSync(join(tmpdir(), "turnwire-film-")), "run.json");
    writeFileSync(path, JSON.stringify(recording));
    await operator.page.click("#to-records");
    await operator.page.setInputFiles("#film-file", path);
    await operator.sees("#moment", "not begun");
    await operator.page.selectOption("#film-speed", "64");
    await operator.page.click("#film-play");
    await operator.page
      .locator("#film-time")
      .filter({ hasText: `change ${length} of ${length}` })
      .waitFor();
    await operator.sees("#film-caption", "everything is let go");
    const moment = recording.changes.findIndex(({ actorId, type }) => type === "started" && isTurn(recording, actorId));
    await operator.page.locator("#film-scrub").fill(String(moment + 1));
    await operator.page.locator("#film-cast .mover", { hasText: "turn" }).click();
    await operator.sees("#kind", "turn");
    await operator.seesLit("turn.running.working.starting");
    await operator.sees("#parent a", "conversation");
    await operator.page.locator("#parent a").click();
    await operator.sees("#kind", "conversation");
    await operator.sees("#film-time", `change ${moment + 1} of ${length}`);
  },
);

const isTurn = ({ actors }: Recording, actorId: string): boolean =>
  actors.some(({ id, chart }) => id === actorId && chart === "turn");

promise(
  "on a phone nothing of a recording scrolls sideways and everything can be touched",
  async (fixture, operator) => {
    const { page: phone } = operator;
    await phone.setViewportSize({ width: 390, height: 844 });
    await phone.reload();
    await operator.isLive();
    const client = await fixture.join();
    for (let count = 0; count < 2_000; count++) client.send({ type: "ping" });
    await client.untilClosed();
    await phone.click("#to-records");
    await phone.locator("#records-list a").waitFor();
    assert.equal(await phone.evaluate(touched), [], "the list");
    const { recording } = await film(4);
    const path = join(mkdtempSync(join(tmpdir(), "turnwire-film-")), "run.json");
    writeFileSync(path, JSON.stringify(recording));
    await phone.setInputFiles("#film-file", path);
    await phone.locator("#film-scrub").fill("150");
    await operator.sees("#film-cast", "turn");
    assert.equal(await phone.evaluate(touched), [], "a film");
  },
  { mode: "record", limits: { readsBurst: 50, readsPerSecond: 1 } },
);

promise("a file that is no recording is refused in a sentence, also when it is dropped", async (_fixture, operator) => {
  const path = join(mkdtempSync(join(tmpdir(), "turnwire-film-")), "bad.json");
  writeFileSync(path, '{"format": "turnwire-recording", "version": 7}');
  await operator.page.click("#to-records");
  await operator.page.setInputFiles("#film-file", path);
  await operator.sees("#film-trouble", "version is 7: this page reads version 1");
  await operator.page.click(".brand");
  // The page has left the list, and forgets what was wrong.
  await operator.page.locator("#film-trouble").waitFor({ state: "hidden" });
  await operator.page.evaluate(`{
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["[]"], "list.json"));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  }`);
  await operator.sees("#film-trouble", "The file is []: it must be an object.");
  await eventually(() => operator.page.url().endsWith("#/records"), "the list of recordings");
});

page.run();

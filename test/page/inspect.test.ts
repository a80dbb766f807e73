// The inspector in a real browser against the real server: the page shows exactly what the server's actors do.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ActorChange, ActorMoved } from "../../src/diagnostics/inspection.ts";
import { type Browser, mustHaveChromium, startBrowser } from "../support/chromium.ts";
import { eventually } from "../support/deadline.ts";
import { findChromium } from "../support/find-chromium.ts";
import { type InspectFixture, type InspectFixtureOptions, startInspectFixture } from "../support/inspect-fixture.ts";
import { Operator, touched } from "../support/inspect-person.ts";
import { ServerProcess } from "../support/server-process.ts";

const page = suite("page/inspect");
const executable = findChromium();

let browser: Browser;

/**
 * Registers a test with its own server, or skips it without a browser. No page may throw or violate its content policy.
 */
function promise(
  name: string,
  run: (fixture: InspectFixture) => Promise<void>,
  options: InspectFixtureOptions = {},
): void {
  const register = executable === undefined ? page.skip : page;
  register(name, async () => {
    const fixture = await startInspectFixture(options);
    try {
      await run(fixture);
      assert.equal(browser.defects, []);
    } finally {
      browser.defects.length = 0;
      await browser.closePages();
      await fixture.end();
    }
  });
}

const visits = async ({ url }: InspectFixture, hash = ""): Promise<Operator> =>
  new Operator(await browser.open(`${url}${hash}`)).isLive();

if (executable === undefined && mustHaveChromium) {
  page("with CI=true a Chromium is available", () => {
    assert.unreachable("no Chromium was found: install one, or name it in CHROMIUM");
  });
}

page.before(async () => {
  if (executable !== undefined) browser = await startBrowser(executable, { acceptDownloads: true });
});

page.after(async () => {
  await browser?.close();
});

const quiet = ["connection.open.flow.flowing", "connection.open.chatTurn.quiet"];
const running = ["connection.open.flow.flowing", "connection.open.chatTurn.running"];
const script = JSON.stringify({ tokens: 20, delayMs: 30 });

/** Whether `some` is a subsequence of `all`. */
function isWithin(some: string[], all: string[]): boolean {
  let at = 0;
  for (const one of all) if (one === some[at]) at++;
  return at === some.length;
}

/** Replaces stately.ai, which a test does not contact: reports that it is connected and records its messages. */
const inspector = `<script>
  const told = [];
  addEventListener("message", ({ data }) => told.push(data));
  parent.postMessage({ type: "@statelyai.connected" }, "*");
</script>`;

promise("the Stately inspector in its frame receives what the server's actors do", async (fixture) => {
  const client = await fixture.join();
  client.send({ type: "chat.subscribe", conversationId: "c" });
  await client.barrier();
  const { page: statelyPage } = await visits(fixture);
  await statelyPage.route("https://stately.ai/inspect", (route) =>
    route.fulfill({ contentType: "text/html", body: inspector }),
  );
  await statelyPage.click("text=Stately");
  const frame = await eventually(
    () => statelyPage.frames().find((one) => one.url() === "https://stately.ai/inspect"),
    "the frame to load",
  );
  const names = "told.map(({ name }) => name).filter(Boolean).sort().join()";
  const all = "connection,conversation,gateway,watch";
  await eventually(async () => (await frame.evaluate(names)) === all, "the actors");
  client.send({ type: "chat.unsubscribe", conversationId: "c" });
  const left = 'told.some(({ type, event }) => type === "@xstate.snapshot" && event.type === "watch.leave")';
  await eventually(async () => await frame.evaluate(left), "the watch to leave");
  assert.match(String(await statelyPage.textContent("#status")), /^Live/);
});

promise("for a selected actor the page highlights, flashes and logs exactly what the server did", async (fixture) => {
  const client = await fixture.join();
  client.send({ type: "chat.subscribe", conversationId: "c" });
  const operator = await visits(fixture);
  await operator.page.selectOption("#find-chart", "connection");
  const id = fixture.newest("connection");
  await operator.picks(id);
  await operator.seesLit(...quiet);
  await operator.watches();
  const changes: ActorChange[] = [];
  fixture.server.gateway.inspect((one) => changes.push(one), { actorId: id });
  client.send({ type: "chat.send", conversationId: "c", model: "demo/script", message: script });
  await operator.seesLit(...running);
  await client.nextEvent("c", "turn-sealed");
  await operator.seesLit(...quiet);

  const moves = changes.filter((one): one is ActorMoved => one.type === "actor.moved");
  const { lit, flashed } = await operator.saw();
  const went = [quiet, ...moves.map(({ states }) => states)].map((states) => [...states].sort().join());
  const shown = lit.map((states) => [...states].sort().join());
  assert.ok(isWithin(shown, went), `lit: ${shown.join(" | ")}; the server went: ${went.join(" | ")}`);
  assert.equal([shown[0], shown.at(-1)], [[...quiet].sort().join(), [...quiet].sort().join()]);
  assert.ok(shown.includes([...running].sort().join()));
  const takenOnce = [...new Set(moves.flatMap(({ transitions }) => transitions))];
  assert.equal(flashed.sort(), takenOnce.sort());

  const { actor, entries } = await operator.exports();
  assert.equal([actor.id, actor.chart], [id, "connection"]);
  const logged = entries
    .slice(1)
    .map(({ event, handled, transitions, states, at }) => [event, handled, transitions, states, at]);
  const done = moves.map(({ event, handled, transitions, states }, index) => [
    event,
    handled,
    transitions,
    states,
    logged[index]?.[4],
  ]);
  assert.equal(logged, done);
  const times = entries.map(({ at }) => at);
  assert.equal(
    times,
    [...times].sort((one, other) => one - other),
  );
});

promise(
  "a paused log can be stepped through and the chart shows that moment, while recording continues",
  async (fixture) => {
    const client = await fixture.join();
    const id = fixture.newest("connection");
    const operator = await visits(fixture);
    await operator.picks(id);
    const message = JSON.stringify({ tokens: 1, hang: true });
    client.send({ type: "chat.send", conversationId: "c", model: "demo/script", message });
    await operator.seesLit(...running);
    await operator.page.click("#log-pause");
    await operator.sees("#moment", /^as of \d\d:\d\d:\d\d\.\d{3}$/);
    client.send({ type: "chat.cancel", conversationId: "c" });
    await client.nextEvent("c", "turn-sealed");
    await operator.sees("#log-note", /Paused; \d newer/);
    await operator.seesLit(...running);
    await operator.page.click("#log-back");
    await operator.seesLit(...quiet.with(1, "connection.open.chatTurn.asking"));
    const taken = operator.page.locator("#chart .taken");
    assert.match((await taken.allTextContents()).join(), "chat.send", "the transition of that moment is highlighted");
    await operator.page.locator("#log").focus();
    await operator.page.keyboard.press("ArrowDown");
    await operator.seesLit(...running);
    await operator.sees("#log-entry", /Event\s*turn\.opened/);
    await operator.page.keyboard.press("End");
    await operator.seesLit(...quiet);
    await operator.page.keyboard.press("Home");
    await operator.sees("#log-entry", "you began to watch");
    await operator.page.click("#log-pause");
    await operator.sees("#moment", "live");
    await operator.page.click("#log-clear");
    await operator.page.locator(".log-row").first().waitFor({ state: "detached" });
    await operator.seesLit(...quiet);
  },
);

promise("the log keeps the newest 2,000 entries, says so, and renders only the visible rows", async (fixture) => {
  const client = await fixture.join();
  const operator = await visits(fixture);
  await operator.picks(fixture.newest("connection"));
  for (let count = 0; count < 2_500; count++) client.send({ type: "ping" });
  await client.barrier();
  await operator.sees("#log-note", "The newest 2,000 are kept; 502 older ones are gone.");
  assert.ok((await operator.page.locator(".log-row").count()) < 80);
  const { entries, actor } = await operator.exports();
  assert.equal([entries.length, actor.dropped], [2_000, 502]);
});

promise("kinds and states are counted, and choosing them finds their actors", async (fixture) => {
  const clients = [await fixture.join(), await fixture.join(), await fixture.join()];
  for (const client of clients.slice(1)) client.send({ type: "chat.subscribe", conversationId: "a-conversation" });
  const operator = await visits(fixture);
  await operator.sees('#map [data-count="connection"]', "3");
  await operator.sees('#map [data-count="watch"]', "2");
  await operator.page.locator('#map [data-kind="watch"]').focus();
  await operator.page.keyboard.press("Enter");
  await operator.sees("#found", "2 found.");
  await operator.page.locator("#tree button", { hasText: "live" }).click();
  await operator.sees("#found", "2 found.");
  await operator.page.selectOption("#find-state", "watch.left");
  await operator.sees("#found", "None found.");
  await operator.page.click("#find-clear");
  await operator.page.fill("#find", "a-conv");
  await operator.sees("#found", "3 found.");
  await operator.page.selectOption("#find-chart", "conversation");
  await operator.sees("#found", "1 found.");
  await operator.page.selectOption("#find-age", "older-3600000");
  await operator.sees("#found", "None found.");
  await operator.page.locator("#to-all").waitFor({ state: "hidden" });
  await operator.page.locator("#tree button").first().focus();
  await operator.page.keyboard.press("/");
  assert.is(await operator.page.evaluate("document.activeElement.id"), "find");
});

promise(
  "the page describes in words what an actor waits for: its states, the states around them and its timers",
  async (fixture) => {
    const client = await fixture.join();
    const hanging = JSON.stringify({ tokens: 3, hang: true });
    client.send({ type: "chat.send", conversationId: "c", model: "demo/script", message: hanging });
    await client.nextEvent("c", "text-delta");
    const operator = await visits(fixture);
    await operator.picks(fixture.newest("connection"));
    await operator.sees(
      ".card",
      /chatTurn running\s*A turn that it asked for is not sealed yet\.\s*Waits for turn\.over/,
    );
    await operator.page.locator("#beside:not([open])").waitFor();
    await operator.picks(fixture.newest("turn"));
    await operator.sees(".card", "The model writes its answer.");
    await operator.sees(".deadlines", /In 1 h \d+ min: it has run for too long: overtime/);
    await operator.sees("#about", /Last event\s*[\d.]+ m?s ago/);
    await operator.sees("#beside[open]", /agent\.finished, .*turn\.cancel/);
    client.send({ type: "chat.cancel", conversationId: "c" });
    await operator.seesLit("turn.cancelled");
    await operator.picks(fixture.newest("conversation"));
    await operator.sees("#about", /Last turn\s*cancelled, [\d.]+ m?s ago/);
    client.send({ type: "subscribe", surfaceId: "conversation", conversationId: "c" });
    await client.next("surface");
    await operator.picks(fixture.newest("surface"));
    await operator.sees("#about", /Surface\s*conversation/);
  },
);

const secret = "between you and me";
const sentences = "#lens-list li";

promise("a conversation is shown with a lane for each actor, also for those that come later", async (fixture) => {
  const [client, other] = [await fixture.join(), await fixture.join()];
  client.send({ type: "chat.subscribe", conversationId: "c" });
  await client.barrier();
  const operator = await visits(fixture);
  await operator.page.locator("#conversations a").click();
  const kinds = async () => String(await operator.page.locator(".lane-kind").allTextContents());
  const shows = (...wanted: string[]) => eventually(async () => (await kinds()) === String(wanted), String(wanted));
  await shows("gateway", "connection", "watch", "conversation");
  other.send({ type: "chat.subscribe", conversationId: "c" });
  await shows("gateway", "connection", "watch", "connection", "watch", "conversation");
  client.send({ type: "chat.send", conversationId: "c", message: secret, model: "demo/echo" });
  await client.nextEvent("c", "turn-sealed");
  await operator.page.locator(".lane-kind", { hasText: "turn" }).waitFor();
  await operator.sees(".lens-rows .row.ended", "ends");
  await operator.sees(".lens-rows .row", "turn is done");
  assert.ok((await operator.page.locator(".lens-rows .line").count()) > 0, "an event from an actor is an arrow");
  await other.close();
  await operator.page.click("#lens-as-list");
  await operator.sees(sentences, /client → connection .*: chat\.send, now asking/);
  await operator.sees(sentences, /turn .* → conversation c: turn is done/);
  await operator.sees(sentences, /watch .* ends/);
  assert.not.match(await operator.page.content(), secret);
});

promise(
  "the diagram of a conversation follows, can be stepped through with keys, and stays bounded",
  async (fixture) => {
    const client = await fixture.join();
    client.send({ type: "chat.subscribe", conversationId: "c" });
    await client.barrier();
    const operator = await visits(fixture, "#/c/c");
    await operator.sees(".lane-kind", "watch");
    for (let count = 0; count < 600; count++) client.send({ type: "ping" });
    await client.barrier();
    await operator.sees("#lens-note", /The newest 500 are kept; 10\d older ones are gone/);
    assert.ok((await operator.page.locator(".lens-rows .row").count()) < 60, "only rows in sight are drawn");
    await operator.page.locator("#lens-scroll").focus();
    await operator.page.keyboard.press("Home");
    await operator.sees("#lens-entry", /Ran\s*answerPing/);
    const active = await operator.page.getAttribute("#lens-scroll", "aria-activedescendant");
    const option = operator.page.locator(`[id="${active}"]`);
    assert.is(await option.getAttribute("aria-selected"), "true");
    assert.match((await option.getAttribute("aria-label")) ?? "", /client → connection .*: ping$/);
    assert.ok(await operator.page.evaluate('document.getElementById("lens-scroll").scrollTop < 50'));
    await operator.page.click("#lens-follow");
    const isAtEnd = "(({ scrollTop, clientHeight, scrollHeight }) => scrollTop + clientHeight > scrollHeight - 5)";
    const look = `${isAtEnd}(document.getElementById("lens-scroll"))`;
    await eventually(async () => await operator.page.evaluate(look), "the newest to be in sight");
  },
);

promise("the address leads back to the actor, the filter and the moment", async (fixture) => {
  const client = await fixture.join();
  const operator = await visits(fixture);
  const id = fixture.newest("connection");
  await operator.page.selectOption("#find-chart", "connection");
  await operator.page.selectOption("#find-age", "younger-60000");
  await operator.picks(id);
  for (const _ of [1, 2, 3]) client.send({ type: "ping" });
  await client.barrier();
  await operator.page.locator(".log-row", { hasText: "ping" }).nth(1).click();
  const moment = await operator.page.textContent("#moment");
  const address = new URL(operator.page.url()).hash;
  assert.match(address, /^#\/a\/x%3A\d+\/\w+\?chart=connection&age=younger-60000&at=\d+/);
  await operator.page.click("#log-pause");
  await operator.sees("#moment", "live");
  assert.not.match(operator.page.url(), "at=");
  await operator.page.evaluate(`{ location.hash = ${JSON.stringify(address)}; }`);
  await operator.sees("#moment", moment ?? "nothing");

  const again = await visits(fixture, address);
  await again.sees("#ending", "What was at the moment that this address names is not known");
  await again.sees("#kind", "connection");
  assert.is(await again.page.inputValue("#find-chart"), "connection");
  assert.is(await again.page.inputValue("#find-age"), "younger-60000");
  assert.is(new URL(again.page.url()).hash, address, "it can be passed on");
});

promise("the address of a conversation leads back to it, as a list or at a moment", async (fixture) => {
  const client = await fixture.join();
  client.send({ type: "chat.subscribe", conversationId: "c" });
  await client.barrier();
  const operator = await visits(fixture, "#/c/c?view=list&find=c");
  client.send({ type: "ping" });
  await operator.sees(sentences, "ping");
  assert.is(await operator.page.inputValue("#find"), "c");
  await operator.page.click("#lens-as-list");
  await operator.sees(".lens-rows .row", "ping");
  await operator.page.locator(".lens-rows .row", { hasText: "ping" }).click();
  await operator.sees("#lens-entry", "answerPing");
  const address = new URL(operator.page.url()).hash;
  assert.match(address, /^#\/c\/c\/\w+\?find=c&at=\d+/);
  await operator.page.keyboard.press("Escape");
  await operator.page.locator("#lens-entry").waitFor({ state: "hidden" });
  await operator.page.evaluate(`{ location.hash = ${JSON.stringify(address)}; }`);
  await operator.sees("#lens-entry", "answerPing");
  await operator.page.keyboard.press("Escape");
  await operator.page.keyboard.press("Escape");
  await operator.page.locator("#map svg").waitFor();
});

promise("parent and children link to each other, and the URL leads back to the actor", async (fixture) => {
  const client = await fixture.join();
  client.send({ type: "chat.subscribe", conversationId: "c" });
  const operator = await visits(fixture);
  const [connection, watch] = [fixture.newest("connection"), fixture.newest("watch")];
  await operator.picks(connection);
  await operator.page.locator("#children a").click();
  await operator.sees("#kind", /^watch$/);
  await operator.sees("#about", /at the newest event/);
  assert.match(operator.page.url(), new RegExp(`#/a/${encodeURIComponent(watch)}/`));
  const again = await visits(fixture, new URL(operator.page.url()).hash);
  await again.seesLit("watch.live");
  await again.page.locator("#parent a").click();
  await again.sees("#kind", /^connection$/);
  await again.page.keyboard.press("Escape");
  await again.page.locator("#map svg").waitFor();
});

promise("an actor that has ended remains shown with its last state and the reason", async (fixture) => {
  const client = await fixture.join();
  const operator = await visits(fixture);
  const id = fixture.newest("connection");
  await operator.picks(id);
  await client.close();
  await operator.sees("#moment", "ended");
  await operator.sees("#ending", /It has reached its end at \d\d:.*What is shown is its last state/);
  await operator.seesLit("connection.closed");
  await operator.row(id).waitFor({ state: "detached" });
  await operator.seesLit("connection.closed");
  assert.is((await operator.exports()).entries.at(-1)?.how, "done");
});

promise("the URL of an unknown actor shows an error", async (fixture) => {
  const operator = await visits(fixture, "#/a/x%3A9999");
  await operator.sees("#ending", "There is no such actor");
});

promise("the log names the actions that ran, and says why an event did nothing", async (fixture) => {
  const client = await fixture.join();
  const operator = await visits(fixture);
  await operator.picks(fixture.newest("connection"));
  client.send({ type: "ping" });
  for (const connection of fixture.server.gateway.connections.all()) {
    connection.tell("turn.over");
    connection.tell("socket.drained");
  }
  await operator.sees(".log-row", "ping / answerPing");
  await operator.sees(".log-row.failed", /socket\.drained\s*not expected here/);
  await operator.page.locator(".log-row", { hasText: "turn.over" }).click();
  await operator.sees("#log-entry", /Did nothing\s*no state here has a transition for it; the chart ignores it/);
  await operator.page.locator(".log-row", { hasText: "ping" }).click();
  await operator.sees("#log-entry", /Ran\s*answerPing/);
});

/** Evaluated in the page: what is seen of the chart. */
const chartSeen = `(() => {
  const pane = document.getElementById("chart");
  const frame = pane.getBoundingClientRect();
  const isInside = (element) => {
    const { top, bottom, left, right } = element.getBoundingClientRect();
    return top >= frame.top && bottom <= frame.bottom && left >= frame.left && right <= frame.right;
  };
  const picture = pane.querySelector("svg");
  if (!picture) return undefined;
  const texts = [...picture.querySelectorAll("text")].map((text) => parseFloat(getComputedStyle(text).fontSize));
  const drawn = picture.getBoundingClientRect().width / picture.viewBox.baseVal.width;
  return {
    title: picture.querySelector("title").textContent,
    isWhole: isInside(picture),
    litSeen: [...pane.querySelectorAll(".lit > .box")].some(isInside),
    smallestText: Math.min(...texts) * drawn,
  };
})()`;

interface ChartSeen {
  title: string;
  isWhole: boolean;
  litSeen: boolean;
  smallestText: number;
}

promise("each chart opens at its active states in legible text, and Fit shows all of it", async (fixture) => {
  const client = await fixture.join();
  client.send({ type: "subscribe", surfaceId: "conversation", conversationId: "c" });
  const hanging = JSON.stringify({ tokens: 3, hang: true });
  client.send({ type: "chat.send", conversationId: "c", model: "demo/script", message: hanging });
  await client.nextEvent("c", "text-delta");
  const operator = await visits(fixture);
  for (const chart of ["gateway", "connection", "watch", "surface", "conversation", "turn"]) {
    await operator.picks(fixture.newest(chart));
    await operator.sees("#kind", chart);
    // The picture is fetched, and scrolled smoothly: both end after the names and the buttons have changed.
    const looksLike = (isRight: (seen: ChartSeen) => boolean, what: string): Promise<ChartSeen> =>
      eventually(async () => {
        const seen: ChartSeen | undefined = await operator.page.evaluate(chartSeen);
        return seen?.title === `The chart of ${chart}` && isRight(seen) && seen;
      }, `${chart}: ${what}`);
    const opened = await looksLike(({ litSeen }) => litSeen, "an active state in sight");
    assert.ok(opened.smallestText >= 12, `${chart}: text of ${opened.smallestText} px`);
    await operator.page.click("#zoom-fit");
    await looksLike(({ isWhole }) => isWhole, "all of it with Fit");
    await operator.page.click("#zoom-fit");
    await looksLike(({ litSeen }) => litSeen, "an active state in sight again");
  }
  client.send({ type: "chat.cancel", conversationId: "c" });
  await client.nextEvent("c", "turn-sealed");
});

promise("on a phone nothing scrolls sideways and everything can be touched", async (fixture) => {
  const client = await fixture.join();
  client.send({ type: "chat.subscribe", conversationId: "c" });
  await client.barrier();
  const operator = await visits(fixture);
  const { page: phone } = operator;
  await phone.setViewportSize({ width: 390, height: 844 });
  await phone.reload();
  await operator.isLive();
  const isFit = async (what: string): Promise<void> => assert.equal(await phone.evaluate(touched), [], what);
  await phone.locator("#conversations a").waitFor();
  await operator.row(fixture.newest("watch")).waitFor();
  await isFit("the start page");
  await operator.picks(fixture.newest("watch"));
  await phone.locator(".log-row").first().click();
  await isFit("an actor");
  await phone.click("#to-conversation");
  await operator.sees(".lane-kind", "watch");
  client.send({ type: "ping" });
  await phone.locator(".lens-rows .row").first().click();
  await isFit("a conversation");
  for (const { watches } of fixture.server.gateway.connections.all()) watches.get("c")?.tell("cursor.fellBehind");
  await operator.sees(".lens-rows .row", "cursor.reachedEnd");
  await phone.locator("#lens-scroll").focus();
  await phone.keyboard.press("End");
  const isInSight = `(() => {
    const { right } = document.querySelector('[aria-selected="true"] .mark').getBoundingClientRect();
    return right <= document.getElementById("lens-scroll").getBoundingClientRect().right;
  })()`;
  await eventually(async () => await phone.evaluate(isInSight), "the lane of the selected row to be in sight");
  await phone.click("#lens-as-list");
  await isFit("a conversation as a list");
});

promise("a chart's machine can be copied as JSON", async (fixture) => {
  await fixture.join();
  const operator = await visits(fixture);
  await operator.picks(fixture.newest("connection"));
  await browser.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await operator.page.click("#copy-machine");
  await operator.sees("#copy-machine", "Copied");
  const copied: { id: string; states: object } = JSON.parse(
    await operator.page.evaluate("navigator.clipboard.readText()"),
  );
  assert.equal([copied.id, Object.keys(copied.states)], ["connection", ["open", "closing", "closed"]]);
  await browser.context.clearPermissions();
  await operator.page.evaluate('navigator.clipboard.writeText = () => Promise.reject(new Error("not here"))');
  await operator.sees("#copy-machine", "Copy JSON");
  const saved = operator.page.waitForEvent("download");
  await operator.page.click("#copy-machine");
  assert.is((await saved).suggestedFilename(), "connection.json");
});

promise("texts are not sent to the page unless the operator has enabled it", async (fixture) => {
  const client = await fixture.join();
  const operator = await visits(fixture);
  await operator.picks(fixture.newest("connection"));
  client.send({ type: "chat.send", conversationId: "c", message: secret, model: "demo/echo" });
  await client.nextEvent("c", "turn-sealed");
  await operator.sees("#log-rows", "turn.over");
  await operator.page.locator(".log-row", { hasText: "chat.send" }).click();
  await operator.sees("#log-entry", "chat.send");
  assert.not.match(await operator.page.content(), secret);
  assert.not.match(JSON.stringify(await operator.exports()), secret);
});

promise(
  "with --inspect=full an event is shown with its payload",
  async (fixture) => {
    const client = await fixture.join();
    const operator = await visits(fixture);
    await operator.picks(fixture.newest("connection"));
    client.send({ type: "chat.send", conversationId: "c", message: secret, model: "demo/echo" });
    await operator.page.locator(".log-row", { hasText: "chat.send" }).click();
    await operator.sees("#log-entry pre", secret);
  },
  { mode: "full" },
);

promise(
  "the page asks for a required token, asks again after a wrong one, and then shows everything",
  async (fixture) => {
    await fixture.join();
    const { page: tab } = new Operator(await browser.open(fixture.url));
    const operator = new Operator(tab);
    await tab.locator("#token-dialog[open]").waitFor();
    await tab.fill("#token", "wrong");
    await tab.keyboard.press("Enter");
    await tab.locator("#token-trouble:not([hidden])").waitFor();
    await tab.fill("#token", "right-token-right");
    await tab.keyboard.press("Enter");
    await operator.isLive();
    await operator.sees('#map [data-count="connection"]', "1");
    await operator.picks(fixture.newest("connection"));
    await operator.seesLit(...quiet);
  },
  { token: "right-token-right" },
);

promise("a hidden page sends no request, and is up to date when it is visible again", async (fixture) => {
  const tab = await browser.context.newPage();
  await tab.clock.install();
  await tab.goto(fixture.url);
  const operator = new Operator(tab);
  await operator.sees('#map [data-count="connection"]', "0");
  const see = (state: string) =>
    tab.evaluate(`{
      Object.defineProperty(document, "visibilityState", { value: "${state}", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }`);
  await see("hidden");
  await tab.clock.runFor(5_000);
  const asked: string[] = [];
  tab.on("request", (request) => asked.push(request.url()));
  await fixture.join();
  await tab.clock.runFor(60_000);
  assert.equal(asked, []);
  await see("visible");
  await operator.sees('#map [data-count="connection"]', "1");
});

promise("the page reports a lost server, and says when another one takes its place", async (fixture) => {
  await fixture.join();
  const operator = await visits(fixture);
  await operator.picks(fixture.newest("connection"));
  const httpPort = Number(new URL(fixture.url).port);
  await fixture.end();
  await operator.sees("#health", "The server cannot be reached.");
  await operator.sees("#moment", "ended");
  const next = await startInspectFixture({ httpPort });
  try {
    await operator.isLive();
    await operator.sees("#ending", "before the server was started anew");
    await operator.sees("#figures", "0 sockets");
  } finally {
    await next.end();
  }
});

promise("after a restart a reused id leads to the current actor", async () => {
  const start = (httpPort: string): Promise<ServerProcess> =>
    ServerProcess.start({ flags: ["--inspect", "--http-port", httpPort] });
  const first = await start("0");
  try {
    const operator = await new Operator(await browser.open(`${first.httpUrl}/inspect`)).isLive();
    const id = await operator.firstActor();
    const address = await operator.row(id).getAttribute("href");
    await first.kill();
    await operator.sees("#health", "The server cannot be reached.");
    const next = await start(new URL(first.httpUrl).port);
    try {
      await operator.isLive();
      await eventually(async () => (await operator.row(id).getAttribute("href")) !== address, "another address");
      await operator.picks(id);
      await operator.page.locator("#ending").waitFor({ state: "hidden" });
    } finally {
      await next.kill();
    }
  } finally {
    await first.kill();
  }
});

promise("after a restart the watched actor is gone, even if another actor has its id", async () => {
  const start = (httpPort: string): Promise<ServerProcess> =>
    ServerProcess.start({ flags: ["--inspect", "--http-port", httpPort] });
  const first = await start("0");
  try {
    const operator = await new Operator(await browser.open(`${first.httpUrl}/inspect`)).isLive();
    await operator.picks(await operator.firstActor());
    await first.kill();
    await operator.sees("#log-rows", "lost");
    const next = await start(new URL(first.httpUrl).port);
    try {
      await operator.sees("#ending", "There is no such actor");
      await operator.sees("#moment", "ended");
    } finally {
      await next.kill();
    }
  } finally {
    await first.kill();
  }
});

promise(
  "on a phone the list and the actor are shown one at a time, and nothing is wider than the screen",
  async (fixture) => {
    const client = await fixture.join();
    client.send({ type: "chat.subscribe", conversationId: "c" });
    const operator = await visits(fixture);
    await operator.page.setViewportSize({ width: 390, height: 844 });
    const widths = (): Promise<number[]> =>
      operator.page.evaluate("[document.documentElement.scrollWidth, innerWidth]");
    assert.equal(await widths(), [390, 390]);
    await operator.picks(fixture.newest("watch"));
    await operator.page.locator("#side").waitFor({ state: "hidden" });
    assert.equal(await widths(), [390, 390]);
    await operator.page.locator("#to-all").click();
    await operator.page.locator("#side").waitFor();
  },
);

page.run();

// A web page of another origin in a real browser, against the real server without a token. The page can neither
// connect, nor read, nor post, on either port, nor through a name that it points at this machine (DNS rebinding).
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Browser, chromiumSwitches, mustHaveChromium, startBrowser } from "../support/chromium.ts";
import { findChromium } from "../support/find-chromium.ts";
import { ServerProcess } from "../support/server-process.ts";
import { ask, listOf } from "../support/system-http.ts";

const page = suite("page/foreign");
const executable = findChromium();
const register = executable === undefined ? page.skip : page;

/** Host names of the attacker. The browser resolves both to this machine. */
const foreign = "evil.example";
const rebinding = "rebind.example";

let browser: Browser;
let server: ServerProcess;
let site: Server;
let sitePort = 0;

const portOf = (url: string): string => new URL(url).port;
const doors = (): string[] => [portOf(server.wsUrl), portOf(server.httpUrl)];

page.before(async () => {
  if (executable === undefined) return;
  server = await ServerProcess.start();
  site = createServer((_, response) => {
    response.writeHead(200, { "Content-Type": "text/html" });
    response.end("<!doctype html><title>evil</title>");
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  ({ port: sitePort } = site.address() as AddressInfo);
  const rules = `--host-resolver-rules=MAP ${foreign} 127.0.0.1, MAP ${rebinding} 127.0.0.1`;
  browser = await startBrowser(executable, { args: [...chromiumSwitches, rules] });
});
page.after(async () => {
  if (executable === undefined) return;
  await browser.close();
  await server.stop();
  site.closeAllConnections();
  site.close();
});

interface Request {
  method?: string;
  mode?: "cors" | "no-cors";
  body?: string;
  headers?: Record<string, string>;
}

/** The result of a fetch by a script of the page. */
const reads = (on: Page, url: string, init: Request = {}): Promise<string> =>
  on.evaluate(
    async ([address, options]) => {
      try {
        const response = await fetch(address, options);
        return response.type === "opaque" ? "opaque" : `${response.status} ${await response.text()}`;
      } catch {
        return "nothing";
      }
    },
    [url, init] as const,
  );

const connects = (on: Page, url: string): Promise<string> =>
  on.evaluate(
    (address) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(address);
        socket.onopen = () => resolve("open");
        socket.onclose = () => resolve("closed");
      }),
    url,
  );

const body = JSON.stringify({ conversationId: "stolen", message: "hello" });

register("the server's own page can connect and read, which validates the tests below", async () => {
  const own = await browser.open(server.httpUrl);
  assert.match(await reads(own, `${server.httpUrl}/models`), /^200 /);
  for (const door of doors()) assert.is(await connects(own, `ws://127.0.0.1:${door}`), "open");
  await own.close();
});

/** Of another site, and of another port of this machine, by each of its names. */
const pages = [foreign, "127.0.0.1", "localhost", "x.localhost", "0.0.0.0"];

for (const host of pages) {
  register(`a page at ${host} cannot connect, read or post`, async () => {
    const evil = await browser.open(`http://${host}:${sitePort}/`);
    for (const door of doors())
      for (const name of [...new Set([host === foreign ? "127.0.0.1" : host, "127.0.0.1", "localhost"])])
        assert.is(await connects(evil, `ws://${name}:${door}`), "closed", `${name}:${door}`);
    for (const path of ["/models", "/conversations", "/"])
      assert.is(await reads(evil, `${server.httpUrl}${path}`), "nothing", path);
    for (const [mode, type] of [
      ["no-cors", "text/plain"],
      ["cors", "application/json"],
    ] as const)
      await reads(evil, `${server.httpUrl}/chat`, { method: "POST", mode, body, headers: { "content-type": type } });
    assert.equal(await listOf(server), [], "no conversation was created");
    await evil.close();
  });
}

register("the server's own page below .localhost is a stranger to it", async () => {
  const [, door = ""] = doors();
  const below = await browser.open(`http://x.localhost:${door}/`);
  const to = `http://x.localhost:${door}`;
  assert.match(await reads(below, `${to}/chat`, { method: "POST", body }), /^403 /);
  assert.is(await connects(below, `ws://x.localhost:${door}`), "closed");
  await below.close();
  const response = await browser.context.newPage().then((nobody) => nobody.goto(`http://0.0.0.0:${door}/`));
  assert.is(response?.status(), 403, "and an address that is nobody's has no page at all");
  assert.equal(await listOf(server), []);
});

register("a page of another origin cannot connect, on either port, by any name of this machine", async () => {
  const evil = await browser.open(`http://${foreign}:${sitePort}/`);
  for (const door of doors())
    for (const host of ["127.0.0.1", "localhost", rebinding])
      assert.is(await connects(evil, `ws://${host}:${door}`), "closed", `${host}:${door}`);
  await evil.close();
});

register("it cannot read any path in any fetch mode", async () => {
  const evil = await browser.open(`http://${foreign}:${sitePort}/`);
  for (const door of doors())
    for (const path of ["/models", "/conversations", "/conversations/stolen", "/metrics", "/healthz", "/"])
      for (const mode of ["cors", "no-cors"] as const) {
        const got = await reads(evil, `http://127.0.0.1:${door}${path}`, { mode });
        assert.ok(got === "nothing" || got === "opaque", `${mode} ${door}${path}: ${got}`);
      }
  await evil.close();
});

register("it cannot post: no turn begins through a fetch, a form or a beacon", async () => {
  const evil = await browser.open(`http://${foreign}:${sitePort}/`);
  const target = `${server.httpUrl}/chat`;
  for (const [mode, type] of [
    ["no-cors", "text/plain"],
    ["cors", "application/json"],
    ["cors", "text/plain"],
  ] as const) {
    const got = await reads(evil, target, { method: "POST", mode, body, headers: { "content-type": type } });
    assert.ok(got === "nothing" || got === "opaque", got);
  }
  const [to, text] = [JSON.stringify(target), JSON.stringify(body)];
  await evil.evaluate(`navigator.sendBeacon(${to}, ${text})`);
  const answered = evil.waitForNavigation();
  // A text/plain form can send what looks like JSON: the field name up to a quote, an equals sign, and the rest.
  await evil.evaluate(`
    const form = document.createElement("form");
    form.method = "POST";
    form.action = ${to};
    form.enctype = "text/plain";
    const field = document.createElement("input");
    field.name = ${text}.slice(0, -2);
    field.value = '"}';
    form.append(field);
    document.body.append(form);
    form.submit();
  `);
  assert.is((await answered)?.status(), 403);
  await evil.close();
  assert.equal(await listOf(server), [], "no conversation was created");
});

register("through a name that was pointed at this machine nothing works, not even the page", async () => {
  const [, door] = doors();
  const rebound = await browser.context.newPage();
  const response = await rebound.goto(`http://${rebinding}:${door}/`);
  assert.is(response?.status(), 403);
  assert.match(await rebound.content(), /is not allowed/);
  for (const path of ["/models", "/conversations"])
    assert.match(await reads(rebound, `http://${rebinding}:${door}${path}`), /^403 /);
  const posted = await reads(rebound, `http://${rebinding}:${door}/chat`, { method: "POST", body });
  assert.match(posted, /^403 /);
  assert.is(await connects(rebound, `ws://${rebinding}:${door}`), "closed");
  await rebound.close();
  assert.equal(await listOf(server), []);
  assert.is((await ask(server, "/healthz")).status, 200, "the server still works");
});

if (executable === undefined && mustHaveChromium) {
  page("with CI=true a Chromium is available", () => {
    assert.unreachable("no Chromium was found: install one, or name it in CHROMIUM");
  });
}

page.run();

// The Stately inspector's relay as a neighbour of the server: who may reach it, what it may cost, and that it leaves
// nothing behind.
import { execFile } from "node:child_process";
import { createServer, request } from "node:http";
import { connect as connectTcp } from "node:net";
import { join as joinPath } from "node:path";
import { promisify } from "node:util";
import type { Worker } from "node:worker_threads";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import type { StatelyRecord } from "../../../src/diagnostics/stately/records.ts";
import { StatelyThread } from "../../../src/diagnostics/stately/thread.ts";
import { type StatelyInspector, startStately } from "../../../src/diagnostics/stately.ts";
import { limits } from "../../../src/limits.ts";
import { silentLogger, tolerantLogger } from "../../../src/ports/logger.ts";
import { ListenError, listen, unlisten } from "../../../src/runtime/listen.ts";
import { budgets } from "../../budgets.ts";
import { eventually, within } from "../../support/deadline.ts";
import { withGateway } from "../../support/gateway.ts";
import { FakeHost } from "../../support/host.ts";
import { MemoryGateway } from "../../support/memory-gateway.ts";
import { rejection } from "../../support/rejection.ts";
import { withStately } from "../../support/stately-page.ts";
import { systemClock } from "../../support/system-clock.ts";

const test = suite("stately: relay");

const portOf = ({ address }: StatelyInspector): number => Number(new URL(address).port);

/** What keeps a process alive, by kind. */
const resources = (): string => process.getActiveResourcesInfo().sort().join();

/** The same, when what was closed before is gone. */
async function resourcesAtRest(): Promise<string> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  return resources();
}

/** The status of an upgrade from a page of this origin; 101 when it is let in. */
async function upgradeFrom(origin: string | undefined, address: string): Promise<number> {
  const socket = new WebSocket(address, origin === undefined ? {} : { headers: { Origin: origin } });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  socket.once("open", () => resolve(101));
  socket.once("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0));
  socket.once("error", reject);
  try {
    return await within(promise, `the upgrade from ${origin}`);
  } finally {
    socket.on("error", () => {});
    socket.terminate();
  }
}

async function get(url: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const sent = request(url, { agent: false }, (response) => {
    let body = "";
    response.setEncoding("utf8");
    response.on("data", (text: string) => {
      body += text;
    });
    response.once("end", () => resolve(body));
  });
  sent.once("error", reject);
  sent.end();
  return await within(promise, url);
}

/** "connected", or the code of the failure. */
async function reach(host: string, port: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connectTcp({ host, port });
  socket.once("connect", () => resolve("connected"));
  socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  try {
    return await within(promise, `${host}:${port}`);
  } finally {
    socket.destroy();
  }
}

test("the page to open is there, asks for the relay's WebSocket, and frames stately.ai", () =>
  withGateway({}, ({ gateway }) =>
    withStately({ gateway }, async ({ inspector, log }) => {
      const port = portOf(inspector);
      assert.is(inspector.address, `ws://127.0.0.1:${port}`);
      assert.is(inspector.url, `http://localhost:${port}`);
      const page = await get(`http://127.0.0.1:${port}/`);
      assert.match(page, `new WebSocket('ws://localhost:${port}')`);
      assert.match(page, 'src="https://stately.ai/inspect"');
      const [line] = log.lines;
      assert.is(line?.level, "info");
      assert.is(line?.message, `the Stately inspector: open ${inspector.url} in a browser on this machine`);
    }),
  ));

test("it listens on one loopback address and on no other", () =>
  withGateway({}, ({ gateway }) =>
    withStately({ gateway }, async ({ inspector }) => {
      assert.is(await reach("127.0.0.1", portOf(inspector)), "connected");
      // Whoever listens on all interfaces answers here too.
      assert.is.not(await reach("127.0.0.2", portOf(inspector)), "connected");
      assert.is.not(await reach("::1", portOf(inspector)), "connected");
    }),
  ));

test("it can listen on ::1 instead, and on nothing that other machines reach", () =>
  withGateway({}, async ({ gateway }) => {
    await withStately({ gateway, host: "::1" }, async ({ inspector, page }) => {
      assert.is(inspector.address, `ws://[::1]:${portOf(inspector)}`);
      await (await page()).untilActor("gateway");
    });
    const starting = startStately({
      ...{ gateway, filter: {}, payloads: "hidden", clock: systemClock, limits, logger: silentLogger },
      host: "0.0.0.0",
    });
    const error = await rejection(starting);
    assert.instance(error, ListenError);
    assert.is(
      error.message,
      "the Stately inspector cannot listen on 0.0.0.0: its page only reaches localhost; give 127.0.0.1 or ::1",
    );
  }));

test("no web page but its own reads along", () =>
  withGateway({}, ({ gateway }) =>
    withStately({ gateway }, async ({ inspector: { address, url } }) => {
      const port = new URL(address).port;
      for (const own of [undefined, url, `http://127.0.0.1:${port}`, `http://[::1]:${port}`])
        assert.is(await upgradeFrom(own, address), 101, own);
      const others = ["https://example.org", `http://example.org:${port}`, "http://localhost:1", "null"];
      for (const other of [...others, `https://localhost:${port}`])
        assert.is(await upgradeFrom(other, address), 403, other);
    }),
  ));

test("no page may frame the relay's own, and nobody but Stately is led into its frame", () =>
  withGateway({}, ({ gateway }) =>
    withStately({ gateway }, async ({ inspector }) => {
      const { headers } = await within(fetch(`http://127.0.0.1:${portOf(inspector)}/`), "the relay's page");
      const policy = "frame-ancestors 'none'; frame-src https://stately.ai https://*.stately.ai";
      assert.is(headers.get("content-security-policy"), policy);
      assert.is(headers.get("cross-origin-opener-policy"), "same-origin");
    }),
  ));

test("a port that is taken is one sentence with the remedy, and nothing stays behind", () =>
  withGateway({}, async ({ gateway }) => {
    const other = createServer();
    const port = await listen(other, "127.0.0.1", 0);
    try {
      const before = await resourcesAtRest();
      const starting = startStately({
        ...{ gateway, filter: {}, payloads: "hidden", clock: systemClock, limits, logger: silentLogger },
        port,
      });
      const error = await rejection(starting);
      assert.instance(error, ListenError);
      assert.is(
        error.message,
        "the Stately inspector cannot open its relay: " +
          `127.0.0.1:${port} is in use: stop what listens there, or give another port (--inspect-port)`,
      );
      assert.is(await resourcesAtRest(), before);
      assert.is(gateway.inspection.observers, 0);
    } finally {
      await unlisten(other);
    }
  }));

test("a stop leaves no port, socket, timer or observer, whatever was going on, and can be asked for twice", () =>
  withGateway({}, async ({ gateway, join }) => {
    const client = await join();
    await client.barrier();
    const before = await resourcesAtRest();
    const inspector = await startStately({
      ...{ gateway, filter: {}, payloads: "hidden", clock: systemClock, limits, logger: silentLogger },
      port: 0,
    });
    const viewer = new WebSocket(inspector.address);
    const { promise: opened, resolve } = Promise.withResolvers<void>();
    viewer.once("open", resolve);
    await within(opened, "a page");
    const { promise: closed, resolve: close } = Promise.withResolvers<void>();
    viewer.once("close", close);
    // In the middle of things: something has just happened, and a page is half through its upgrade.
    for (const { actor } of gateway.connections.all()) actor?.send({ type: "watches.first" });
    const half = connectTcp(portOf(inspector), "127.0.0.1");
    half.on("error", () => {});
    half.write("GET / HTTP/1.1\r\nHost: x\r\nUpgr");
    const stopping = [inspector.stop(), inspector.stop()];
    await within(Promise.all(stopping), "both stops");
    await within(closed, "the page's socket to close");
    await eventually(() => half.closed, "the half page to be cut");
    assert.is(await reach("127.0.0.1", portOf(inspector)), "ECONNREFUSED");
    assert.is(gateway.inspection.observers, 0);
    await eventually(
      () => resources() === before,
      () => `${resources()}; before: ${before}`,
    );
    await client.barrier();
  }));

test("a stop at once after the start, with actors still to be told, leaves nothing either", async () => {
  const fixture = new MemoryGateway();
  for (let index = 0; index < 200; index++) fixture.join();
  const before = await resourcesAtRest();
  const options = {
    filter: {},
    payloads: "hidden",
    clock: systemClock,
    limits,
    logger: silentLogger,
    port: 0,
  } as const;
  // With room for all of them, and with none: the one waits for the next loop turn, the other for room.
  for (const statelyWaitingMax of [limits.statelyWaitingMax, 10]) {
    const bounds = { ...limits, statelyWaitingMax };
    const inspector = await startStately({ gateway: fixture.gateway, ...options, limits: bounds });
    await inspector.stop();
    assert.is(await resourcesAtRest(), before);
  }
  fixture.stop();
});

for (const [room, statelyWaitingMax] of [
  ["with room for all of them", limits.statelyWaitingMax],
  ["with room for a few at a time", 50],
] as const) {
  test(`every actor that is there is told, however many, and nothing left out: ${room}`, async () => {
    const fixture = new MemoryGateway();
    const sockets = 5 * limits.statelyActorsPerLoopTurn;
    for (let index = 0; index < sockets; index++) fixture.join();
    const options = { gateway: fixture.gateway, limits: { ...limits, statelyWaitingMax } };
    await withStately(options, async ({ page, log }) => {
      const opened = await page();
      const told = (): Set<string> => new Set(opened.actors("connection").map(({ sessionId }) => sessionId));
      await eventually(() => told().size === sockets, "all sockets");
      assert.equal(
        log.lines.map(({ level }) => level),
        ["info"],
      );
    });
    fixture.stop();
  });
}

test("a page that breaks the WebSocket protocol costs nobody else anything", () =>
  withGateway({}, ({ gateway, join }) =>
    withStately({ gateway }, async ({ inspector, log, page }) => {
      const good = await page();
      const bad = connectTcp(portOf(inspector), "127.0.0.1");
      bad.on("error", () => {});
      const upgrade = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"];
      const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
      bad.write(["GET / HTTP/1.1", "Host: localhost", ...upgrade, key, "", ""].join("\r\n"));
      // A frame without a mask: @statelyai/inspect 0.7.2 has nobody who hears the error of it.
      bad.write(Buffer.from([0x81, 0x01, 0x41]));
      bad.resume();
      await eventually(() => log.said("stately: trouble with a page").length === 1, "the trouble to be logged");
      await eventually(() => bad.closed, "the bad page to be gone");
      await (await join()).barrier();
      await good.untilActor("connection");
    }),
  ));

test("a page that does not read is cut off, and the others go on", () =>
  withGateway({ limits: { commandsBurst: 1_000_000, readsBurst: 1_000_000 } }, ({ gateway, join }) => {
    const options = { gateway, payloads: "full" as const, limits: { ...limits, statelyViewerBytesMax: 64 * 1024 } };
    return withStately(options, async ({ log, page }) => {
      const client = await join();
      const [deaf, good] = [await page(), await page()];
      deaf.socket.pause();
      const text = "x".repeat(limits.inspectedPayloadCharactersMax - 200);
      const wasCut = (): boolean => log.said("stately: trouble with a page").length > 0;
      for (let index = 0; index < 20_000 && !wasCut(); index++) {
        client.send({ type: "chat.queue", conversationId: "c", text });
        await client.barrier();
      }
      assert.equal(log.said("stately: trouble with a page")[0]?.fields, {
        reason: "a page that read too slowly was cut off",
      });
      deaf.socket.resume();
      assert.is(await within(deaf.closed, "the deaf page to be closed"), 1006);
      const from = good.shown.length;
      await client.barrier();
      await good.until(({ event }) => JSON.stringify(event) === '{"type":"ping"}', "a ping", from);
    });
  }));

test("what the inspector cannot take in time is left out, said once, and what there is then is told anew", () =>
  withGateway({}, ({ gateway, join }) =>
    withStately({ gateway, limits: { ...limits, statelyWaitingMax: 50 } }, async ({ log, page }) => {
      await join();
      const opened = await page();
      const { sessionId } = await opened.untilActor("connection");
      const before = opened.shown.length;
      // In one tick nothing is taken.
      for (const { actor } of gateway.connections.all()) {
        for (let index = 0; index < 500; index++) {
          actor?.send({ type: index % 2 === 0 ? "socket.congested" : "socket.drained" });
        }
        actor?.send({ type: "watches.first" });
      }
      const anew = await opened.until(
        (shown) => shown.sessionId === sessionId && shown.type === "@xstate.actor",
        "anew",
        before,
      );
      assert.match(JSON.stringify(anew["snapshot"]), '"subscription":"some"');
      const [warning, ...others] = log.said(
        "stately: its page could not keep up: choose fewer actors with --inspect-filter",
      );
      assert.equal(others, []);
      assert.ok(Number(warning?.fields?.["dropped"]) > 900, JSON.stringify(warning));
    }),
  ));

const threadOptions = (log: FakeHost, died: (reason: string) => void) => ({
  relay: { host: "127.0.0.1", port: 0, rootId: "x:0", viewerBytesMax: limits.statelyViewerBytesMax },
  waitingMax: limits.statelyWaitingMax,
  deadlineMs: 10_000,
  clock: systemClock,
  logger: tolerantLogger(log.logger),
  guard: (run: () => void) => run(),
  viewerCame: () => {},
  caughtUp: () => {},
  died,
});

test("a thread that breaks says why, once, and takes nothing more", async () => {
  const reasons: string[] = [];
  const { thread } = await StatelyThread.open(threadOptions(new FakeHost(), (reason) => reasons.push(reason)));
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const broken: StatelyRecord = {
    kind: "event",
    at: 0,
    actorId: "x:1",
    senderId: undefined,
    event: { type: "x", circle },
  };
  assert.is(thread.post(broken), true);
  await eventually(() => reasons.length > 0, "its end to be told");
  assert.match(reasons.join(), "circular");
  assert.is(thread.post(broken), false);
  await within(thread.stop(), "a stop after the end");
  assert.is(reasons.length, 1);
});

test("when its thread ends, the inspector is gone and the server goes on", () => {
  const { promise: started, resolve } = Promise.withResolvers<Worker>();
  process.once("worker", resolve);
  return withGateway({}, ({ gateway, join }) =>
    withStately({ gateway }, async ({ inspector, log, page }) => {
      const [client, opened] = [await join(), await page()];
      await within((await started).terminate(), "the thread to end");
      await within(opened.closed, "the page's socket to close");
      const [line] = log.said("stately: the inspector's thread has ended");
      assert.equal(line?.fields, { reason: "it ended by itself" });
      assert.is(gateway.inspection.observers, 0);
      assert.is(await reach("127.0.0.1", portOf(inspector)), "ECONNREFUSED");
      await client.barrier();
    }),
  );
});

test("a thread that is not there in time is given up, and nothing of it stays", async () => {
  const before = await resourcesAtRest();
  const opening = StatelyThread.open({ ...threadOptions(new FakeHost(), () => {}), deadlineMs: 1 });
  const error = await rejection(opening);
  assert.match(String(error), "did not start in time");
  assert.is(await resourcesAtRest(), before);
});

test("the package is loaded when it is asked for, and not before", async () => {
  const script = `
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ resolve(specifier, context, next) { loaded.push(specifier); return next(specifier, context); } });
    await import(${JSON.stringify(joinPath(import.meta.dirname, "../../../src/diagnostics/stately.ts"))});
    process.stdout.write(loaded.filter((name) => name.includes("statelyai")).join());
  `;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], { timeout: budgets.awaitMs });
  assert.is(stdout, "");
});

test.run();

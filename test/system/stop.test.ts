// The planned stop (protocol 2, `server.draining`). The server announces it, waits for turns up to --drain-ms, then
// interrupts them. Each turn is sealed. Sockets are closed with 1012, and the exit code for the supervisor is 0.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { budgets } from "../budgets.ts";
import { connect, refusedUpgrade } from "../support/client.ts";
import { eventually } from "../support/deadline.ts";
import { openPeer } from "../support/http-peer.ts";
import { rejection } from "../support/rejection.ts";
import { ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { ask, historyOf, statusOf, textsIn } from "../support/system-http.ts";
import { eventOf, outlineOf, playScript, scriptText, untilSealed } from "../support/system-turns.ts";

const test = suite("a planned stop");

const restarting = { code: 1012, reason: "server restarting" };

test("SIGTERM notifies all sockets, refuses new turns, and interrupts the running one after --drain-ms", async () => {
  const dataDir = temporaryDirectory();
  const drainMs = 2_500;
  const server = await ServerProcess.start({ dataDir, flags: ["--drain-ms", String(drainMs)] });
  using watcher = await connect(server.wsUrl);
  using idle = await connect(server.httpUrl.replace("http:", "ws:"));
  watcher.send(playScript("a", { tokens: 10, hang: true }));
  await watcher.nextEvent("a", (event) => String(event["delta"]).includes("w9 "));
  watcher.send({ type: "chat.queue", conversationId: "a", text: "kept for later" });
  await watcher.barrier();
  const startedAt = performance.now();
  server.signal("SIGTERM");
  for (const client of [watcher, idle])
    assert.equal(await client.next("server.draining"), {
      type: "server.draining",
      deadlineMs: drainMs,
      reconnectAfterMs: limits.reconnectAfterMs,
    });

  const ready = await ask(server, "/readyz");
  assert.is(ready.status, 503);
  assert.ok(Number(ready.headers.get("retry-after")) > 0);
  assert.is((await ask(server, "/healthz")).status, 200, "alive, though not ready");
  for (const url of [server.wsUrl, server.httpUrl.replace("http:", "ws:")]) {
    const refused = await refusedUpgrade(url);
    assert.is(refused.status, 503);
    assert.ok(Number(refused.headers["retry-after"]) > 0);
  }
  idle.send({ type: "chat.send", conversationId: "b", message: "too late" });
  const refused = await idle.next("chat.error");
  assert.equal(
    [refused["conversationId"], refused["message"]],
    ["b", "the server is about to stop and begins no new turns"],
  );
  assert.is((await ask(server, "/chat", { method: "POST", body: { message: "too late" } })).status, 503);
  assert.is((await statusOf(server, "a")).status, "active", "reads still work");
  idle.send({ type: "chat.subscribe", conversationId: "a" });

  for (const client of [watcher, idle]) {
    const turn = await untilSealed(client, "a");
    assert.is(turn.reason, "interrupted");
    assert.equal(outlineOf(turn.events).slice(-3), ["text-delta", "done", "turn-sealed"]);
    assert.is(turn.text, scriptText(10));
    assert.equal(await client.untilClosed(), restarting);
  }
  const exit = await server.untilExit();
  const tookMs = performance.now() - startedAt;
  assert.is(exit.code, 0, exit.stderr);
  assert.ok(tookMs >= drainMs - 100 && tookMs < drainMs + budgets.awaitMs, `took ${tookMs} ms`);
  assert.is(exit.stdout.split("\n").length, 4, "the ready line, two for people, and nothing else");

  const again = await ServerProcess.start({ dataDir });
  assert.equal(textsIn(await historyOf(again, "a"), "assistant"), [scriptText(10)]);
  assert.is((await statusOf(again, "a")).status, "queued", "an interrupted turn keeps its queue");
  assert.is((await historyOf(again, "b")).latestSeq, 0, "the refused message left nothing");
  await again.stop();
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} waits until a short turn is over without interrupting it, and no longer`, async () => {
    const server = await ServerProcess.start({ flags: ["--drain-ms", "60000"] });
    using client = await connect(server.wsUrl);
    client.send(playScript("short", { tokens: 30, delayMs: 30 }));
    await client.nextEvent("short", "text-delta");
    server.signal(signal);
    await client.next("server.draining");
    const turn = await untilSealed(client, "short");
    assert.equal([turn.reason, turn.text], ["stop", scriptText(30)]);
    assert.equal(await client.untilClosed(), restarting);
    assert.is((await server.untilExit()).code, 0);
  });
}

test("a second signal interrupts the turn at once, and the turn is still sealed", async () => {
  const dataDir = temporaryDirectory();
  const server = await ServerProcess.start({ dataDir, flags: ["--drain-ms", "3600000"] });
  using client = await connect(server.wsUrl);
  client.send(playScript("long", { tokens: 5, hang: true }));
  await client.nextEvent("long", (event) => String(event["delta"]).includes("w4 "));
  server.signal("SIGTERM");
  await client.next("server.draining");
  server.signal("SIGINT");
  const turn = await untilSealed(client, "long");
  assert.is(turn.reason, "interrupted");
  assert.equal(await client.untilClosed(), restarting);
  assert.is((await server.untilExit()).code, 0);
  const again = await ServerProcess.start({ dataDir });
  const history = await historyOf(again, "long");
  assert.is(history.latestSeq, eventOf(turn, "turn-sealed")["latestSeq"]);
  await again.stop();
});

test("an agent that ignores its abort does not hold up the stop for ever", async () => {
  const server = await ServerProcess.start({ flags: ["--drain-ms", "0"] });
  using client = await connect(server.wsUrl);
  client.send(playScript("stubborn", { tokens: 5, hang: "ignore-abort" }));
  await client.nextEvent("stubborn", (event) => String(event["delta"]).includes("w4 "));
  server.signal("SIGTERM");
  const turn = await untilSealed(client, "stubborn", limits.agentStopMs + budgets.awaitMs);
  assert.is(turn.reason, "interrupted");
  assert.is((await server.untilExit()).code, 0);
});

test("a stop with nothing to wait for ends at once, even with sockets that do not answer", async () => {
  const server = await ServerProcess.start();
  using polite = await connect(server.wsUrl);
  using silent = await connect(server.wsUrl);
  await Promise.all([polite.barrier(), silent.barrier()]);
  silent.pause();
  using mute = await openPeer(server.wsUrl);
  using half = await openPeer(server.httpUrl);
  half.write("GET /healthz HTTP/1.1\r\nHost:");
  server.signal("SIGINT");
  assert.equal(await polite.untilClosed(), restarting);
  assert.is((await server.untilExit(limits.closingMs + budgets.awaitMs)).code, 0);
  await Promise.all([mute.untilClosed(), half.untilClosed()]);
});

// Pending HTTP answers were once cut when no socket was open to wait for.
test("an HTTP client gets the end of the turn and its answer before the server exits", async () => {
  const server = await ServerProcess.start({ flags: ["--drain-ms", "1500"] });
  const { type: _, ...body } = playScript("lines", { tokens: 200, size: 2_000, hang: true });
  const chat = ask(server, "/chat", { method: "POST", body });
  const isActive = async () => (await statusOf(server, "lines")).isActive;
  await eventually(isActive, "the turn to begin");
  const last = ask(server, "/conversations/lines/last");
  await ask(server, "/healthz");
  server.signal("SIGTERM");
  const events = (await chat).text.trimEnd().split("\n");
  assert.equal(
    events.slice(-2).map((line) => JSON.parse(line).type),
    ["done", "turn-sealed"],
  );
  const { status, json } = await last;
  assert.is(status, 200);
  assert.match(String((json as { content?: unknown }).content), /^w0 .*w199 +$/);
  assert.is((await server.untilExit()).code, 0);
  assert.match(String(await rejection(ask(server, "/healthz"))), /fetch failed/);
});

test("a client of POST /chat that reads nothing does not hold up the stop for ever", async () => {
  const server = await ServerProcess.start({ flags: ["--drain-ms", "300"] });
  const { type: _, ...body } = playScript("stalled", { tokens: 600, size: 5_000, hang: true });
  const text = JSON.stringify(body);
  using peer = await openPeer(server.httpUrl);
  peer.pause();
  peer.write(`POST /chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  await eventually(async () => (await statusOf(server, "stalled")).isActive, "the turn to begin");
  server.signal("SIGTERM");
  assert.is((await server.untilExit(limits.closingMs + budgets.awaitMs)).code, 0);
});

test.run();

// A port opens or fails with one clear message, and a closed server leaves nothing behind.
import { createServer, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  hostAndPort,
  ListenError,
  listen,
  trackAnswers,
  trackConnections,
  unlisten,
} from "../../src/runtime/listen.ts";
import { SimulatedClock } from "../support/clock.ts";
import { eventually, within } from "../support/deadline.ts";
import { rejection } from "../support/rejection.ts";

const test = suite("listen");

async function withServer(run: (server: Server, port: number) => Promise<void>): Promise<void> {
  const server = createServer();
  const cut = trackConnections(server);
  const port = await listen(server, "127.0.0.1", 0);
  try {
    await run(server, port);
  } finally {
    const closed = unlisten(server);
    cut();
    await within(closed, "the server to close");
  }
}

const failure = async (host: string, port: number): Promise<string> => {
  const error = await rejection(listen(createServer(), host, port));
  assert.instance(error, ListenError);
  return error.message;
};

/** A TCP connection that has been accepted. */
async function dial(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await within(new Promise((resolve) => socket.once("connect", resolve)), "a connection");
  return socket;
}

const ended = (socket: Socket): Promise<unknown> =>
  within(new Promise((resolve) => (socket.closed ? resolve(undefined) : socket.once("close", resolve))), "its end");

test("port 0 opens any free port and returns its number", async () => {
  await withServer(async (server, port) => {
    assert.ok(port > 0 && port < 65_536);
    assert.is(server.listening, true);
  });
});

test("a port in use is refused with its address and the remedy", async () => {
  await withServer(async (_server, port) => {
    assert.is(
      await failure("127.0.0.1", port),
      `127.0.0.1:${port} is in use: stop what listens there, or give another port`,
    );
  });
});

test("an address of another machine is refused with the address and the remedy", async () => {
  assert.is(await failure("192.0.2.1", 8_080), "192.0.2.1:8080 is not an address of this machine: give another host");
});

test("other errors keep the system's message", async () => {
  const server = createServer();
  const listening = new Promise((resolve) => server.once("listening", resolve));
  const opening = listen(server, "127.0.0.1", 0);
  server.emit("error", new Error("the moon is full"));
  assert.match((await rejection(opening)).message, "127.0.0.1:0 cannot be opened: the moon is full");
  await within(listening, "Node to open it all the same");
  await within(unlisten(server), "the server to close");
  assert.match(await failure("127.0.0.1\u0000", 8_080), "cannot be opened: ");
});

test("IPv6 addresses are put in brackets", () => {
  assert.equal([hostAndPort("::1", 80), hostAndPort("localhost", 80)], ["[::1]:80", "localhost:80"]);
});

test("closing a server that does not listen ends at once", async () => {
  await within(unlisten(createServer()), "nothing");
});

test("closing a server cuts off hanging requests", async () => {
  const server = createServer(() => {});
  const port = await listen(server, "127.0.0.1", 0);
  const client = await dial(port);
  const asked = new Promise((resolve) => server.once("request", resolve));
  client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await within(asked, "the request");
  await within(unlisten(server), "the server to close");
  await ended(client);
});

test("a stop cuts off silent connections and upgraded connections", async () => {
  const server = createServer();
  const cut = trackConnections(server);
  server.on("upgrade", () => {});
  const port = await listen(server, "127.0.0.1", 0);
  const clients = [await dial(port), await dial(port)];
  clients[0]?.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: anything\r\n\r\n");
  await within(new Promise((resolve) => server.once("upgrade", resolve)), "the upgrade");
  const closed = unlisten(server);
  cut();
  await within(closed, "the server to close");
  for (const client of clients) await ended(client);
});

test("a stop waits for pending responses, and no longer than they take", async () => {
  const clock = new SimulatedClock();
  const answers: (() => void)[] = [];
  const server = createServer((_request, response) => answers.push(() => response.end("late")));
  const sent = trackAnswers(server, clock);
  const port = await listen(server, "127.0.0.1", 0);
  await within(sent(1_000), "nothing to wait for");
  const clients = [await dial(port), await dial(port)];
  for (const client of clients) client.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  for (const client of clients) client.resume();
  await eventually(() => answers.length === 2, "both requests");
  const waited = sent(1_000);
  for (const answer of answers) answer();
  await within(waited, "the answers to leave");
  assert.is(clock.pending, 0);
  await within(unlisten(server), "the server to close");
});

test("the wait for a response that never ends is bounded", async () => {
  const clock = new SimulatedClock();
  const server = createServer(() => {});
  const sent = trackAnswers(server, clock);
  const port = await listen(server, "127.0.0.1", 0);
  const client = await dial(port);
  const asked = new Promise((resolve) => server.once("request", resolve));
  client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await within(asked, "the request");
  const waited = sent(1_000);
  clock.advance(1_000);
  await within(waited, "the wait to end");
  await within(unlisten(server), "the server to close");
  await ended(client);
});

test.run();

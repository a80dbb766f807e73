// Tests the simulated network: unless it behaves as described, the tests that use it prove nothing.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { eventually, within } from "./deadline.ts";
import { type Link, ThrottlingProxy } from "./throttling-proxy.ts";

const test = suite("throttling proxy");

const MiB = 2 ** 20;

/** Resolves when the socket has closed, also after an error. */
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.once("close", () => resolve());
  });

/** Waits for a time in which a free link would pass bytes. */
const passes = (ms: number): Promise<unknown> => {
  const start = performance.now();
  return eventually(() => performance.now() - start > ms, "time to pass");
};

interface Wire {
  client: Socket;
  server: Socket;
  link: Link;
  /** Bytes that the client has received. */
  got(): number;
}

async function wire(run: (wire: Wire) => Promise<void>, prepare: (link: Link) => void = () => {}): Promise<void> {
  const target = createServer().listen(0, "127.0.0.1");
  await once(target, "listening");
  const accepted = once(target, "connection");
  const { port } = target.address() as AddressInfo;
  const proxy = await ThrottlingProxy.open(`ws://127.0.0.1:${port}`, prepare);
  const client = connect({ host: "127.0.0.1", port: Number(new URL(proxy.url).port) });
  client.on("error", () => {});
  let bytes = 0;
  client.on("data", (data: Buffer) => {
    bytes += data.length;
  });
  const [server] = (await within(accepted, "the proxy to connect")) as [Socket];
  server.on("error", () => {});
  try {
    await run({ client, server, link: proxy.link, got: () => bytes });
  } finally {
    client.destroy();
    server.destroy();
    await within(proxy.close(), "the proxy to close");
    target.close();
  }
}

test("a free link passes everything, in order", () =>
  wire(async ({ client, server }) => {
    const sent = Buffer.from(Array.from({ length: MiB }, (_, at) => (at * 31) % 251));
    const chunks: Buffer[] = [];
    client.on("data", (data: Buffer) => chunks.push(data));
    server.end(sent);
    await within(once(client, "end"), "the end");
    assert.ok(Buffer.concat(chunks).equals(sent));
  }));

test("a throttled link keeps its bytes per second and puts back-pressure on the sender", () =>
  wire(
    async ({ server, got }) => {
      server.write(Buffer.alloc(32 * MiB));
      const start = performance.now();
      const before = got();
      await eventually(() => got() - before > 200_000, "200 kB to pass");
      const rate = ((got() - before) / (performance.now() - start)) * 1_000;
      assert.ok(rate > 120_000 && rate < 280_000, `${Math.round(rate)} bytes a second`);
      assert.ok(server.writableLength > 16 * MiB, "the sender holds the rest");
    },
    (link) => link.throttle(200_000),
  ));

test("a FIN arrives after all bytes sent before it, also on a slow link", () =>
  wire(
    async ({ client, server, got }) => {
      const end = once(client, "end");
      server.end(Buffer.alloc(150_000));
      await within(end, "the end");
      assert.is(got(), 150_000);
    },
    (link) => link.throttle(200_000),
  ));

test("a delayed link passes everything after its delay, and holds no more than 256 KiB meanwhile", () =>
  wire(async ({ server, link, got }) => {
    link.delay(200);
    const start = performance.now();
    server.write(Buffer.alloc(32 * MiB));
    await eventually(() => got() > 0, "the first bytes");
    const tookMs = performance.now() - start;
    assert.ok(tookMs > 190, `the first bytes took ${Math.round(tookMs)} ms`);
    assert.ok(link.down.passed <= 3 * 256 * 1024, `${link.down.passed} bytes are in flight`);
    assert.ok(server.writableLength > 16 * MiB, "the sender holds the rest");
    link.free();
    await eventually(() => got() === 32 * MiB, "the rest");
  }));

test("a stalled link passes nothing until it is freed, and then everything", () =>
  wire(async ({ server, link, got }) => {
    link.stall();
    server.write(Buffer.alloc(MiB));
    await passes(100);
    assert.is(got(), 0);
    link.free();
    await eventually(() => got() === MiB, "the rest");
  }));

test("a bursting link passes everything and nothing alternately", () =>
  wire(async ({ server, link, got }) => {
    link.burst(20, 60);
    const steps: number[] = [];
    const pump = setInterval(() => {
      server.write(Buffer.alloc(1_000));
      steps.push(got());
    }, 5);
    await eventually(() => steps.length > 80, "some bursts");
    clearInterval(pump);
    const still = steps.filter((bytes, at) => at > 0 && bytes === steps[at - 1]).length;
    assert.ok(still > 20, `${still} of ${steps.length} samples saw no new bytes`);
    assert.ok((steps.at(-1) ?? 0) > 10_000);
  }));

test("a split link passes small pieces", () =>
  wire(async ({ client, server, link, got }) => {
    link.split(3);
    client.setNoDelay(true);
    let pieces = 0;
    client.on("data", () => pieces++);
    server.write(Buffer.alloc(10_000));
    await eventually(() => got() === 10_000, "all of it");
    assert.is(link.down.passed, 10_000);
    assert.ok(pieces > 100, `${pieces} pieces`);
  }));

for (const how of ["stalled", "swallowed"] as const)
  test(`the server of a half-open link (${how}) does not learn that its client is gone`, () =>
    wire(async ({ client, server, link }) => {
      let ended = false;
      server.on("close", () => {
        ended = true;
      });
      const end = closed(client);
      link.halfOpen(how);
      await within(end, "the client's end");
      server.write(Buffer.alloc(32 * MiB));
      if (how === "swallowed") await eventually(() => server.writableLength === 0, "all of it to be taken");
      else await passes(200);
      assert.is(ended, false);
      assert.is(server.readableEnded, false);
      assert.is(server.writableLength > 0, how === "stalled", "the server feels back-pressure only on a stalled link");
    }));

for (const how of ["reset", "fin"] as const) {
  test(`a cut link (${how}) closes at both ends`, () =>
    wire(async ({ client, server, link }) => {
      server.resume();
      const ends = Promise.all([closed(client), closed(server)]);
      link.cut(how);
      await within(ends, "both ends");
      assert.is(link.isOpen, false);
    }));
}

test.run();

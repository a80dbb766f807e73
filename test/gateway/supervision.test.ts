// The root supervises: it is degraded while actors fail too often, and full while every place is taken.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ConnectionEvent } from "../../machines/connection.ts";
import { openServer, Puppets } from "../model/fixtures.ts";
import { MemoryGateway } from "../support/memory-gateway.ts";

const test = suite("gateway: supervision");

/** An event whose handling throws. */
const poison = (): ConnectionEvent => ({
  get type(): "ping" {
    throw new Error("a defect");
  },
});

test("eleven actors that fail within a minute degrade the gateway, and a quiet minute ends that", () => {
  const fixture = new MemoryGateway();
  const fail = (): void => {
    const client = fixture.join();
    [...fixture.gateway.connections.all()].at(-1)?.actor?.send(poison());
    assert.is(client.socket.closed?.code, 1011);
    client.vanish();
  };
  for (let defect = 0; defect < 10; defect++) fail();
  assert.is(fixture.gateway.isDegraded, false);
  fixture.clock.advance(60_000);
  fail();
  assert.is(fixture.gateway.isDegraded, false, "ten of them are longer ago than a minute");
  for (let defect = 0; defect < 9; defect++) fail();
  assert.is(fixture.gateway.isDegraded, false);
  fail();
  assert.is(fixture.gateway.isDegraded, true);
  assert.is(fixture.gateway.closedBecause, undefined, "it still takes sockets");
  fixture.clock.advance(59_999);
  assert.is(fixture.gateway.isDegraded, true);
  fixture.clock.advance(1);
  assert.is(fixture.gateway.isDegraded, false);
  fixture.stop(Array(21).fill("connection: defect"));
});

test("the gateway is full while every place is taken", () => {
  const fixture = new MemoryGateway({ limits: { socketsMax: 2 } });
  const first = fixture.join();
  assert.is(fixture.gateway.closedBecause, undefined);
  fixture.join();
  assert.is(fixture.gateway.closedBecause, "full");
  assert.throws(() => fixture.join(), /turned the socket away/);
  first.vanish();
  assert.is(fixture.gateway.closedBecause, undefined);
  fixture.join();
  assert.is(fixture.gateway.closedBecause, "full");
  fixture.stop();
});

test("a conversation that fails when everything ends gets a new actor that seals its turn", async () => {
  const puppets = new Puppets({ heedAbort: true });
  const server = await openServer({ puppets });
  const { embedded, gateway, store } = server;
  assert.ok(embedded.orchestrator.startTurn({ conversationId: "c", text: "go" }).started);
  await puppets.after(0);
  const actor = server.actorOf("conversation", "c");
  assert.ok(actor);
  actor.send = () => {
    Reflect.deleteProperty(actor, "send");
    actor.send(poison());
  };
  gateway.stop();
  assert.is(gateway.root.getSnapshot().status, "done");
  assert.equal(store.unsealedTurns(), []);
  assert.is(embedded.runningTurns(), 0);
  await server.end();
});

test("a root that has failed does not keep a stop from ending everything", async () => {
  const puppets = new Puppets({ heedAbort: true });
  const server = await openServer({ puppets });
  const { embedded, gateway, store } = server;
  const client = await server.join();
  assert.ok(embedded.orchestrator.startTurn({ conversationId: "c", text: "go" }).started);
  await puppets.after(0);
  gateway.root.send(poison() as never);
  assert.is(gateway.root.getSnapshot().status, "error");
  await gateway.drain(0, 0);
  await gateway.turnsEnded();
  gateway.stop();
  assert.is((await client.untilClosed()).code, 1006);
  assert.equal(store.unsealedTurns(), []);
  assert.is(gateway.actors.count("conversation") + gateway.actors.count("connection"), 0);
  await server.end();
});

test("a stop in the moment in which a drain begins leaves no timer", () => {
  const fixture = new MemoryGateway({ limits: { closesPerWave: 2 } });
  for (let count = 0; count < 30; count++) fixture.join();
  void fixture.gateway.drain(0, 0);
  fixture.stop();
});

test.run();

// The gateway's API for embedders.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MemoryGateway } from "../support/memory-gateway.ts";

const test = suite("gateway");

test("disconnect closes one socket with 1001, and the others stay open", () => {
  const fixture = new MemoryGateway();
  const [one, other] = [fixture.join(), fixture.join()];
  const [connection] = [...fixture.gateway.connections.all()];
  const id = connection?.id ?? "";
  assert.is(fixture.gateway.disconnect(id), true);
  fixture.settle();
  assert.is(one.socket.closed?.code, 1001);
  assert.is(fixture.gateway.disconnect(id), false);
  assert.is(fixture.gateway.disconnect("nobody"), false);
  other.send({ type: "ping" });
  assert.ok(other.take().some(({ type }) => type === "pong"));
  fixture.stop();
});

test.run();

// The gateway as those who embed it hold it in their hands.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MemoryGateway } from "../support/memory-gateway.ts";

const test = suite("gateway");

test("one socket can be closed by whoever has a reason to: 1001, and the others stay", () => {
  const house = new MemoryGateway();
  const [one, other] = [house.join(), house.join()];
  const [connection] = [...house.gateway.connections.all()];
  const id = connection?.id ?? "";
  assert.is(house.gateway.disconnect(id), true);
  house.settle();
  assert.is(one.socket.closed?.code, 1001);
  assert.is(house.gateway.disconnect(id), false);
  assert.is(house.gateway.disconnect("nobody"), false);
  other.send({ type: "ping" });
  assert.ok(other.take().some(({ type }) => type === "pong"));
  house.stop();
});

test.run();

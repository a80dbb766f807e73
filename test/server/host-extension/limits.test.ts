// The limits that a host's loader passes to the extension: they are announced and enforced, and impossible ones are
// refused.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createTransportWsExtension } from "../../../src/server/host-extension.ts";
import { isRecord } from "../../support/client/transcript.ts";
import { refusedUpgrade } from "../../support/client.ts";
import { withHost } from "../../support/gateway.ts";

const test = suite("host: limits");

const v1 = { protocols: ["turnwire.v1"] };
const limits = {
  chatTextBytesMax: 1_000,
  idCharactersMax: 40,
  socketsMax: 2,
  retryAfterMs: 7_000,
  reconnectAfterMs: 1_234,
  idempotencyKeysMax: 1,
  eventBytesMax: 16_384,
  wholeEventCharactersMax: 20_000,
  deltaCharactersMax: 10_000,
  turnLogBytesMax: 65_536,
};

test("the limits that hello announces are enforced", () =>
  withHost({ limits }, async ({ join, url, orchestrator, host, extension }) => {
    const client = await join(v1);
    const [hello] = client.received;
    const announced = isRecord(hello?.["limits"]) ? hello["limits"] : {};
    for (const [name, value] of Object.entries(limits))
      if (name !== "retryAfterMs") assert.is(announced[name], value, name);

    const send = async (message: string, fields: object = {}) => {
      client.send({ type: "chat.send", id: message.slice(0, 20) + message.length, message, ...fields });
      return await client.next("reply");
    };
    assert.is((await send("x".repeat(1_000), { conversationId: "c".repeat(40) }))["ok"], true);
    const tooLong = (await send("x".repeat(1_001)))["error"];
    assert.match(String(isRecord(tooLong) && tooLong["message"]), "`message` must have at most 1000 bytes");
    const wrongId = (await send("y", { conversationId: "c".repeat(41) }))["error"];
    assert.match(String(isRecord(wrongId) && wrongId["message"]), "`conversationId` must have at most 40 characters");

    // The keys are in memory, because a host stores none.
    const keyed = async (key: string) => await send(`keyed ${key}`, { conversationId: key, idempotencyKey: key });
    const first = await keyed("a");
    orchestrator.end("a");
    await keyed("b");
    assert.is.not((await keyed("a"))["turnId"], first["turnId"], "the older of the two keys is forgotten");

    orchestrator.say("b", { type: "note", text: "x".repeat(20_000) } as never);
    const [dropped] = host.said("orchestrator: an event was dropped");
    assert.match(String(dropped?.fields?.["reason"]), /over the limit of 20000$/);
    for (let said = 0; said < 66_000; said += 6_000) orchestrator.say("b", "x".repeat(6_000));
    const { message } = await client.nextEvent("b", "error");
    assert.is(message, "the turn was ended because it is larger than 65536 bytes");

    await join();
    const { status, headers } = await refusedUpgrade(url);
    assert.equal([status, headers["retry-after"]], [503, "7"]);
    const stopped = extension.deactivate();
    assert.is((await client.next("server.draining"))["reconnectAfterMs"], 1_234);
    await stopped;
  }));

test("impossible limits are refused before anything is started", () => {
  const withLimits = (given: object) => () => createTransportWsExtension({ limits: given });
  assert.throws(withLimits({ socketMax: 1 }), /^limits\.socketMax is no limit/);
  assert.throws(withLimits({ silentCloseMs: 20_000 }), /limits\.silentPingMs/);
});

test.run();

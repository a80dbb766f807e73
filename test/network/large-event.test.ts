// One large event on a slow link. No pong can arrive before the client has read the whole event. A client that reads it
// at a steady pace counts neither as silent nor as stuck, because only its pace counts.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect } from "../support/client.ts";
import { hastyClock, withHost } from "../support/gateway.ts";
import { ThrottlingProxy } from "../support/throttling-proxy.ts";

const test = suite("network: one large event");

/** The server's clock runs this many times faster. */
const haste = 8;
const eventBytes = 1_000_000;
/**
 * The event takes 40 s by that clock. A socket that has nothing to read is closed after 35 s without a sign of life.
 */
const linkBytesPerSecond = 200_000;
const deadlineMs = 30_000;

test("a client that reads 1 MB at 25 kB/s does not count as silent meanwhile", () =>
  withHost({ clock: hastyClock(haste) }, async (fixture) => {
    const proxy = await ThrottlingProxy.open(fixture.url);
    try {
      using reader = await connect(proxy.url);
      await reader.next("catalog");
      reader.send({ type: "chat.subscribe", conversationId: "c" });
      await reader.barrier();
      proxy.link.down.throttle(linkBytesPerSecond);
      fixture.orchestrator.begin("c");
      const content = "x".repeat(eventBytes);
      const result = { stepId: "s", toolCallId: "t", toolName: "read", content, isError: false };
      fixture.orchestrator.emit("c", { type: "tool-result", ...result });
      fixture.orchestrator.end("c");
      await reader.nextEvent("c", "turn-sealed", deadlineMs);
      const [event] = reader.transcript("c").events.filter(({ type }) => type === "tool-result");
      assert.ok(event?.["content"] === content);
      await reader.barrier();
    } finally {
      await proxy.close();
    }
  }));

test.run();

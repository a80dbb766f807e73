// One run of a real server that has something of everything: two sockets watch one conversation and a surface, a turn
// is asked for, a text is queued behind it, one socket does not read for a while, and then the server drains.
import type { ActorChange } from "../../src/diagnostics/inspection.ts";
import { startServer } from "../../src/server/server.ts";
import { serveConfig } from "../../src/turnwire.ts";
import { type Client, connect } from "../../test/support/client.ts";
import { eventually } from "../../test/support/deadline.ts";

const conversationId = "c1";
/** More than the kernel takes for a socket that does not read. */
const longAnswer = JSON.stringify({ tokens: 600, size: 8_000, delayMs: 1, reasoning: 5, tools: 1 });

/** @returns what every actor did, in order. */
export async function playRun(): Promise<ActorChange[]> {
  const flags = [
    "--no-token",
    "--port",
    "0",
    "--http-port",
    "0",
    "--data-dir",
    ":memory:",
    "--drain-ms",
    "1000",
    "--log-level",
    "error",
  ];
  const server = await startServer({ config: serveConfig(flags, {}) });
  const changes: ActorChange[] = [];
  const states = new Map<string, string[]>();
  server.inspect((change) => {
    changes.push(change);
    states.set(change.actorId, change.states);
  });
  const isSomeoneIn = (state: string) => (): boolean => [...states.values()].some((list) => list.includes(state));
  const join = (): Promise<Client> => connect(server.wsUrl, { protocols: ["turnwire.v1"] });
  using laptop = await join();
  using phone = await join();
  for (const client of [laptop, phone]) {
    client.send({ type: "subscribe", surfaceId: "conversation", conversationId });
    client.send({ type: "chat.subscribe", conversationId });
    await client.barrier();
  }
  laptop.send({ type: "chat.send", id: "ask", conversationId, model: "demo/script", message: longAnswer });
  await laptop.next({ type: "reply", id: "ask" });
  await phone.nextEvent(conversationId, "text-delta");
  phone.pause();
  laptop.send({ type: "chat.queue", id: "more", conversationId, text: '{"tokens": 3}' });
  await laptop.next({ type: "reply", id: "more" });
  await eventually(isSomeoneIn("connection.open.flow.congested"), "the phone to be congested");
  phone.resume();
  for (const client of [laptop, phone])
    for (let turn = 0; turn < 2; turn++) await client.nextEvent(conversationId, "turn-sealed");
  await server.stop();
  await Promise.all([laptop.untilClosed(), phone.untilClosed()]);
  return changes;
}

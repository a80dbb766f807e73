// A client loses its socket in the middle of an answer and continues right there. Every event of a conversation has a
// place: `epoch` names one numbering, and `seq` counts in it without holes. On the subprotocol turnwire.v1 a client
// subscribes after the last place it has seen.
import { on } from "node:events";
import { setTimeout } from "node:timers/promises";
import { serveConfig, startServer } from "turnwire";

const config = serveConfig(["--no-token", "--port", "0", "--http-port", "0", "--data-dir", ":memory:"]);
const server = await startServer({ config });

/** The place of the last event that we have. */
let last = { epoch: "", seq: 0 };
let text = "";

/**
 * Sends one request on a new socket, and reads until the turn is sealed or this many events are there.
 * @param {object} request
 * @param {number} [seqMax]
 */
async function follow(request, seqMax) {
  const socket = new WebSocket(server.wsUrl, "turnwire.v1");
  socket.onopen = () => socket.send(JSON.stringify({ ...request, conversationId: "c1" }));
  for await (const [{ data }] of on(socket, "message")) {
    const message = JSON.parse(data);
    if (message.type === "chat.subscribed") console.log(`recovered: ${message.recovered}`);
    if (message.type !== "chat.delta") continue;
    // Text that was missed comes joined: from the event fromSeq to the event seq.
    const { event, epoch, seq, fromSeq = seq } = message;
    if (fromSeq !== last.seq + 1) throw new Error(`events are missing between ${last.seq} and ${fromSeq}`);
    last = { epoch, seq };
    if (event.type === "text-delta") text += event.delta;
    console.log(fromSeq === seq ? `${seq}` : `${fromSeq} to ${seq}`, event.type, event.delta ?? "");
    if (event.type === "turn-sealed" || seq === seqMax) break;
  }
  socket.close();
}

// demo/script writes as many words as its prompt says: w0, w1, w2, …
await follow({ type: "chat.send", model: "demo/script", message: '{"tokens": 30, "delayMs": 20}' }, 8);
console.log("the socket is gone, and the answer is still being written");
await setTimeout(200);
await follow({ type: "chat.subscribe", after: last });

const words = text.trim().split(" ");
console.log(`${words.length} words, from ${words.at(0)} to ${words.at(-1)}; events 1 to ${last.seq} without a hole`);
await server.stop();

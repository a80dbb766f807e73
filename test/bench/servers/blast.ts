// The minimal server: it encodes bytes once and writes them to each TCP socket. It is not a baseline. It shows how much
// load the generator can receive, to make sure that the other workloads measure the server.
import { createServer, type Socket } from "node:net";
import { answerParent, collectGarbage } from "./channel.ts";
import { Stage } from "./stage.ts";

const sockets = new Set<Socket>();
let waiting: Buffer[] = [];

function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.from([0x81, 126, 0, 0]);
  header.writeUInt16BE(payload.length, 2);
  return Buffer.concat([header, payload]);
}

/** Makes a message as long as a delta of a turn. */
const padding = "p".repeat(140);

function broadcast(piece: string): void {
  if (waiting.length === 0)
    setImmediate(() => {
      const joined = Buffer.concat(waiting);
      waiting = [];
      for (const socket of sockets) socket.write(joined);
    });
  waiting.push(frame(`{"type":"${padding}","piece":"${piece}"}`));
}

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.on("close", () => sockets.delete(socket));
  socket.once("data", () => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
    sockets.add(socket);
    socket.resume();
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  answerParent({
    url: `ws://127.0.0.1:${address.port}`,
    stage: new Stage(),
    counts: () => ({ sockets: sockets.size, watches: 0 }),
    broadcast,
    change: () => {},
    collect: collectGarbage,
  });
});

// The second baseline: Socket.IO with its rooms, WebSocket only, otherwise with its default settings.
import { createServer } from "node:http";
import { Server, type Socket } from "socket.io";
import { answerParent, collectGarbage } from "./channel.ts";
import { Stage } from "./stage.ts";
import { Straightforward } from "./straightforward.ts";

const httpServer = createServer();
const io = new Server(httpServer, { transports: ["websocket"] });
const stage = new Stage();
const fixture = new Straightforward<Socket, object>(
  {
    encode: (message) => message,
    send: (client, message) => void client.emit("m", message),
    join: (client, room) => void client.join(room),
    leave: (client, room) => void client.leave(room),
    publish: (room, message) => void io.to(room).emit("m", message),
    everyone: (message) => void io.emit("m", message),
  },
  stage,
);

io.on("connection", (client) => {
  let rooms = 0;
  client.on("m", (message) => fixture.message(client, message));
  client.on("disconnecting", () => {
    // Each socket is also in a room of its own.
    rooms = client.rooms.size - 1;
  });
  client.on("disconnect", () => fixture.closed(rooms));
  fixture.opened(client);
});
httpServer.listen(0, "127.0.0.1", () => {
  const address = httpServer.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  answerParent({
    url: `ws://127.0.0.1:${address.port}`,
    stage,
    counts: () => fixture,
    broadcast: (piece) => fixture.broadcast(piece),
    change: (piece) => fixture.change(piece),
    collect: collectGarbage,
  });
});

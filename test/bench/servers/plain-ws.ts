// The first baseline: plain ws. A message is stringified once and sent to each socket with ws.send.
import { WebSocket, WebSocketServer } from "ws";
import { answerParent, collectGarbage } from "./channel.ts";
import { Stage } from "./stage.ts";
import { Straightforward } from "./straightforward.ts";

class Client extends WebSocket {
  rooms = new Set<string>();
}

const all = new Set<Client>();
const rooms = new Map<string, Set<Client>>();
const sendAll = (clients: Iterable<Client>, text: string): void => {
  for (const client of clients) if (client.readyState === WebSocket.OPEN) client.send(text);
};
const leave = (client: Client, room: string): void => {
  client.rooms.delete(room);
  rooms.get(room)?.delete(client);
};
const stage = new Stage();
const fixture = new Straightforward<Client, string>(
  {
    encode: (message) => JSON.stringify(message),
    send: (client, text) => client.send(text),
    join(client, name) {
      const room = rooms.get(name) ?? new Set();
      rooms.set(name, room.add(client));
      client.rooms.add(name);
    },
    leave,
    publish: (room, text) => sendAll(rooms.get(room) ?? [], text),
    everyone: (text) => sendAll(all, text),
  },
  stage,
);

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: 0,
  perMessageDeflate: false,
  clientTracking: false,
  WebSocket: Client,
});
server.on("connection", (client) => {
  all.add(client);
  client.on("error", () => {});
  client.on("message", (data) => fixture.message(client, JSON.parse(String(data))));
  client.on("close", () => {
    all.delete(client);
    fixture.closed(client.rooms.size);
    for (const room of client.rooms) leave(client, room);
  });
  fixture.opened(client);
});
server.on("listening", () => {
  const address = server.address();
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

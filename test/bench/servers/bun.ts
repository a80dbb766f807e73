// The reference from another runtime: the native WebSockets and topics of Bun. It runs only where Bun is installed. The
// types here cover only the part of Bun that this file uses.
import { answerParent } from "./channel.ts";
import { Stage } from "./stage.ts";
import { Straightforward } from "./straightforward.ts";

interface BunSocket {
  data: { rooms: Set<string> };
  send(text: string): number;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
}

interface BunServer {
  port: number;
  publish(topic: string, text: string): number;
  upgrade(request: object, options: { data: BunSocket["data"] }): boolean;
}

interface BunRuntime {
  gc(now: boolean): void;
  serve(options: {
    hostname: string;
    port: number;
    fetch(request: object, server: BunServer): Response | undefined;
    websocket: {
      perMessageDeflate: boolean;
      backpressureLimit: number;
      idleTimeout: number;
      open(socket: BunSocket): void;
      message(socket: BunSocket, text: string): void;
      close(socket: BunSocket): void;
    };
  }): BunServer;
}

const { Bun } = globalThis as unknown as { Bun: BunRuntime };
const everyone = "everyone";
const stage = new Stage();
const fixture = new Straightforward<BunSocket, string>(
  {
    encode: (message) => JSON.stringify(message),
    send: (client, text) => void client.send(text),
    join(client, room) {
      client.subscribe(room);
      client.data.rooms.add(room);
    },
    leave(client, room) {
      client.unsubscribe(room);
      client.data.rooms.delete(room);
    },
    publish: (room, text) => void server.publish(room, text),
    everyone: (text) => void server.publish(everyone, text),
  },
  stage,
);

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request, own) =>
    own.upgrade(request, { data: { rooms: new Set() } }) ? undefined : new Response("expected websocket"),
  websocket: {
    perMessageDeflate: false,
    backpressureLimit: 64 * 1024 * 1024,
    idleTimeout: 0,
    open(client) {
      client.subscribe(everyone);
      fixture.opened(client);
    },
    message: (client, text) => fixture.message(client, JSON.parse(text)),
    close: (client) => fixture.closed(client.data.rooms.size),
  },
});
answerParent({
  url: `ws://127.0.0.1:${server.port}`,
  stage,
  counts: () => fixture,
  broadcast: (piece) => fixture.broadcast(piece),
  change: (piece) => fixture.change(piece),
  collect: () => Bun.gc(true),
});

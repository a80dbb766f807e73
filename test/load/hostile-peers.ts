// The hostile clients of test/load/hostile.ts, as a process of their own. Each client writes one kind of frames or HTTP
// requests as fast as its connection takes them, and reconnects at once when it is closed. The process has low
// priority, because a real attacker does not run on the machine that it attacks.
import { connect, type Socket } from "node:net";
import { constants, setPriority } from "node:os";

/** The protocol of an attack. */
export type Door = "ws" | "http";

export type Ask = { ask: "attack"; door: Door; url: string; sockets: number } | { ask: "rest" } | { ask: "stop" };

export interface Attack {
  connections: number;
  bytes: number;
  /** Connections opened, by kind of attack. */
  kinds: Record<string, number>;
}

const blockBytes = 64 * 1024;
const fin = 0x80;
const opcodes = { continuation: 0x0, text: 0x1, ping: 0x9, pong: 0xa } as const;

/** A masked frame. Its mask is zero, which is valid (RFC 6455 5.3). */
function frame(first: number, text: string): Buffer {
  const payload = Buffer.from(text);
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 6 : length < 65_536 ? 8 : 14);
  header[0] = first;
  header[1] = 0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (length >= 65_536) header.writeUInt32BE(length, 6);
  else if (length >= 126) header.writeUInt16BE(length, 2);
  return Buffer.concat([header, payload]);
}

const message = (fields: object): Buffer => frame(fin | opcodes.text, JSON.stringify(fields));

/** Whole frames of one kind, repeated to fill a block. The block can be written again and again. */
const block = (...frames: Buffer[]): Buffer => {
  const one = Buffer.concat(frames);
  return Buffer.concat(Array.from({ length: Math.max(1, Math.floor(blockBytes / one.length)) }, () => one));
};

interface Attacking {
  /** Written once, before `again` is written repeatedly. */
  first?: Buffer;
  again: Buffer;
}

type Kinds = Record<string, (name: string) => Attacking>;

const request = (line: string, body = ""): Buffer =>
  Buffer.from(
    `${line} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
const chat = (conversationId: string, message: string): Buffer =>
  request("POST /chat", JSON.stringify({ conversationId, message }));

/** Requests are pipelined: they do not wait for the responses. */
const httpKinds: Kinds = {
  "POST /chat": (name) => ({ again: block(chat(name, "x")) }),
  "POST /chat of 1 MiB": (name) => ({ again: chat(name, "x".repeat(2 ** 20 - 100)) }),
  "GET /conversations": () => ({ again: block(request("GET /conversations")) }),
  "GET a history": (name) => ({ again: block(request(`GET /conversations/${name}`)) }),
  "GET the page": () => ({ again: block(request("GET /")) }),
  "GET nothing": () => ({ again: block(request("GET /nothing")) }),
  preflights: () => ({ again: block(request("OPTIONS /chat")) }),
  nonsense: () => ({ again: block(Buffer.from("nonsense\r\n\r\n")) }),
  "an endless body": () => ({
    first: Buffer.from("POST /chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16777216\r\n\r\n"),
    again: Buffer.alloc(blockBytes, " "),
  }),
  comes: () => ({ again: Buffer.from("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") }),
};

const wsKinds: Kinds = {
  "chat.send": (name) => ({ again: block(message({ type: "chat.send", conversationId: name, message: "x" })) }),
  "chat.send of 1 MiB": (name) => ({
    again: block(message({ type: "chat.send", conversationId: name, message: "x".repeat(2 ** 20 - 100) })),
  }),
  "chat.subscribe": (name) => ({
    again: block(
      message({ type: "chat.subscribe", conversationId: name }),
      message({ type: "chat.unsubscribe", conversationId: name }),
    ),
  }),
  ping: () => ({ again: block(message({ type: "ping" })) }),
  nonsense: () => ({ again: block(frame(fin | opcodes.text, '{"type":"chat.send","mess')) }),
  "deep nonsense": () => ({ again: block(frame(fin | opcodes.text, "[".repeat(60_000))) }),
  "ping frames": () => ({ again: block(frame(fin | opcodes.ping, "")) }),
  "pong frames": () => ({ again: block(frame(fin | opcodes.pong, "")) }),
  fragments: () => ({ first: frame(opcodes.text, ""), again: block(frame(opcodes.continuation, "")) }),
  comes: () => ({ again: Buffer.alloc(0) }),
};

const kindsOf: Record<Door, Kinds> = { ws: wsKinds, http: httpKinds };

const done: Attack = { connections: 0, bytes: 0, kinds: {} };
const open = new Set<Socket>();
let isAttacking = false;
/** Each attack uses new conversations, so that no earlier attack has made their histories long. */
let attacks = 0;

function attack(door: Door, url: URL, kind: string, name: string): void {
  const frames = kindsOf[door][kind]?.(name);
  if (!frames || !isAttacking) return;
  const socket = connect(Number(url.port), url.hostname);
  open.add(socket);
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.once("close", () => {
    open.delete(socket);
    // Reconnects in a new turn of the event loop, so that a server that refuses at once cannot block this process.
    setImmediate(() => attack(door, url, kind, name));
  });
  const pour = (): void => {
    while (isAttacking && !socket.destroyed) {
      done.bytes += frames.again.length;
      if (!socket.write(frames.again)) return;
    }
  };
  const begin = (): void => {
    done.connections++;
    done.kinds[kind] = (done.kinds[kind] ?? 0) + 1;
    // Reads what the server sends, and discards it.
    socket.resume();
    if (frames.again.length === 0) return void socket.destroy();
    if (frames.first) socket.write(frames.first);
    socket.on("drain", pour);
    pour();
  };
  if (door === "http") {
    socket.once("connect", begin);
    return;
  }
  socket.once("data", (answer) => {
    if (!answer.toString("latin1", 0, 12).endsWith(" 101")) return void socket.destroy();
    begin();
  });
  socket.write(
    `GET / HTTP/1.1\r\nHost: ${url.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n",
  );
}

process.on("message", (asked: Ask) => {
  if (asked.ask === "attack") {
    isAttacking = true;
    attacks++;
    const names = Object.keys(kindsOf[asked.door]);
    for (let index = 0; index < asked.sockets; index++)
      attack(asked.door, new URL(asked.url), names[index % names.length] ?? "ping", `hostile-${attacks}-${index}`);
  } else {
    isAttacking = false;
    for (const socket of open) socket.destroy();
  }
  process.send?.(done);
  if (asked.ask === "stop") process.exit(0);
});
setPriority(constants.priority.PRIORITY_LOW);
process.send?.(done);
process.on("disconnect", () => process.exit(1));

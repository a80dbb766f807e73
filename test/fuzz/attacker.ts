// One attacker: opens a connection, sends what a generator gives it, in pieces of whatever size, until the server has
// had enough or its own patience is over; and again. Reads what comes, and forgets it.
import { createConnection, type Socket } from "node:net";
import type { Dice } from "../support/dice.ts";
import { frames } from "./frames.ts";
import { request } from "./requests.ts";

export interface Attack {
  /** ws: or http: */
  url: string;
  kind: "frames" | "requests";
  dice: Dice;
  isOver: () => boolean;
}

export interface Attacked {
  frames: number;
  requests: number;
  connections: number;
  bytes: number;
}

const burstsMost = 120;
/** What has not been read yet by the server is waited for above this. */
const unsentBytesMax = 1024 * 1024;

export async function attack({ url, kind, dice, isOver }: Attack, done: Attacked): Promise<void> {
  const { hostname, port, host } = new URL(url);
  while (!isOver()) {
    const socket = createConnection({ host: hostname, port: Number(port), noDelay: true });
    const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => {});
    socket.on("data", () => {});
    // What is sent after its end is not counted: nobody reads it.
    let isEnded = false;
    socket.once("end", () => {
      isEnded = true;
    });
    done.connections++;
    if (kind === "frames") socket.write(upgrade(host, dice.chance(0.7)));
    const bursts = dice.whole(1, burstsMost);
    for (let count = 0; count < bursts && !isEnded && !socket.destroyed && !isOver(); count++) {
      if (kind === "frames") {
        const { bytes, count: sent } = frames(dice);
        done.frames += sent;
        await write(socket, bytes, dice, done);
      } else {
        done.requests++;
        await write(socket, request(dice, host), dice, done);
        // An answer, or none: the next one begins anew.
        if (dice.chance(0.8)) break;
      }
    }
    if (dice.chance(0.5)) socket.destroy();
    else socket.end();
    const timer = setTimeout(() => socket.destroy(), 20);
    await gone;
    clearTimeout(timer);
  }
}

const upgrade = (host: string, isV1: boolean): string =>
  `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
  `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${isV1 ? "Sec-WebSocket-Protocol: turnwire.v1\r\n" : ""}\r\n`;

async function write(socket: Socket, bytes: Buffer, dice: Dice, done: Attacked): Promise<void> {
  done.bytes += bytes.length;
  // Now and then in two pieces, with a turn of the loop between them.
  const cut = dice.chance(0.1) ? dice.whole(0, bytes.length) : bytes.length;
  socket.write(bytes.subarray(0, cut));
  if (cut < bytes.length) {
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(bytes.subarray(cut));
  }
  if (socket.writableLength > unsentBytesMax || dice.chance(0.02))
    await new Promise((resolve) => setTimeout(resolve, 1));
}

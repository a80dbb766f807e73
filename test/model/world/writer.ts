// Writes to a socket, as src/egress/socket-writer.ts does. A client that reads takes everything at once. A client that
// does not read makes its socket congested after a few writes.
import type { Stage } from "./stage.ts";
import type { Sockets } from "./state.ts";

/** Writes a reply, refusal, surface or broadcast, even to a congested socket. False when the socket has ended. */
export function control(stage: Stage, at: number): boolean {
  if (stage.socket(at).isEnded) return false;
  write(stage, at);
  return true;
}

/** Writes events of a turn. False, with nothing written, when the socket is congested or has ended. */
export function deliver(stage: Stage, at: number): boolean {
  const socket = stage.socket(at);
  if (socket.isEnded || socket.isCongested) return false;
  write(stage, at);
  return true;
}

function write(stage: Stage, at: number): void {
  const socket = stage.socket(at);
  if (!socket.isStalled) return;
  const { unreadWrites } = stage.setting.bounds;
  socket.unread = Math.min(socket.unread + 1, unreadWrites + 1);
  if (socket.isCongested || socket.unread <= unreadWrites) return;
  socket.isCongested = true;
  stage.post("connection", at, "socket.congested");
}

/** The client reads again, and acknowledges everything that was written. */
export function readOn(stage: Stage, at: number): void {
  const socket = stage.socket(at);
  socket.isStalled = false;
  socket.unread = 0;
  if (!socket.isCongested || socket.isEnded) return;
  socket.isCongested = false;
  stage.post("connection", at, "socket.drained");
}

/** Sends the close frame; nothing is written after it. */
export function close(stage: Stage, at: number, code: number): void {
  const socket = stage.socket(at);
  if (socket.isEnded) return;
  socket.isEnded = true;
  socket.closeCode = code;
}

export const bit = (at: number): Sockets => 1 << at;
export const has = (sockets: Sockets, at: number): boolean => (sockets & bit(at)) !== 0;
/** The indices of the sockets in a set. */
export const placesIn = (sockets: Sockets): number[] => [0, 1].filter((at) => has(sockets, at));

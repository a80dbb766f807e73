// What is written to a socket, as src/egress/socket-writer.ts does it: a client that reads takes everything at once,
// one that does not makes its socket congested after a few writes.
import type { Stage } from "./stage.ts";
import type { Sockets } from "./state.ts";

/**
 * Replies, refusals, surfaces and broadcasts: also to a congested socket. False when nothing may be written any more.
 */
export function control(stage: Stage, at: number): boolean {
  if (stage.socket(at).isEnded) return false;
  write(stage, at);
  return true;
}

/** Events of a turn. False, and nothing written, when the socket may not be given more now. */
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

/** The client reads on: all that was written is acknowledged. */
export function readOn(stage: Stage, at: number): void {
  const socket = stage.socket(at);
  socket.isStalled = false;
  socket.unread = 0;
  if (!socket.isCongested || socket.isEnded) return;
  socket.isCongested = false;
  stage.post("connection", at, "socket.drained");
}

/** The close frame goes out; nothing is written after it. */
export function close(stage: Stage, at: number, code: number): void {
  const socket = stage.socket(at);
  if (socket.isEnded) return;
  socket.isEnded = true;
  socket.closeCode = code;
}

export const bit = (at: number): Sockets => 1 << at;
export const has = (sockets: Sockets, at: number): boolean => (sockets & bit(at)) !== 0;
/** The places in a set. */
export const placesIn = (sockets: Sockets): number[] => [0, 1].filter((at) => has(sockets, at));

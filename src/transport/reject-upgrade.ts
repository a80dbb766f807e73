// Rejects an upgrade with a plain HTTP response, then ends the connection whatever the peer does.
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Limits } from "../limits.ts";
import type { Clock } from "../runtime/clock.ts";

export interface Rejection {
  status: number;
  message: string;
  headers: string[];
}

/** The stream has no other error listener. */
function onBroken(this: Duplex): void {
  this.destroy();
}

export function rejectUpgrade(
  stream: Duplex,
  rejection: Rejection,
  clock: Pick<Clock, "setTimeout" | "clearTimeout">,
  { closingMs }: Pick<Limits, "closingMs">,
): void {
  if (!stream.writable) stream.destroy();
  if (stream.destroyed) return;
  stream.on("error", onBroken);
  stream.end(responseText(rejection));
  // An unread stream never reports its end.
  stream.resume();
  const deadline = clock.setTimeout(() => stream.destroy(), closingMs);
  stream.once("close", () => clock.clearTimeout(deadline));
}

function responseText({ status, message, headers }: Rejection): string {
  const body = JSON.stringify({ error: message });
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Connection: close",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
    "",
    body,
  ].join("\r\n");
}

// How an upgrade is refused: an answer in plain HTTP, and the end of the connection, whatever its peer does.
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Limits } from "../limits.ts";
import type { Clock } from "../runtime/clock.ts";

export interface RefusedUpgrade {
  status: number;
  message: string;
  headers: string[];
}

/** Nobody else listens to it any more. */
function onBroken(this: Duplex): void {
  this.destroy();
}

export function rejectUpgrade(
  stream: Duplex,
  refused: RefusedUpgrade,
  clock: Pick<Clock, "setTimeout" | "clearTimeout">,
  { closingMs }: Pick<Limits, "closingMs">,
): void {
  if (!stream.writable) stream.destroy();
  if (stream.destroyed) return;
  stream.on("error", onBroken);
  stream.end(answerOf(refused));
  // Nobody reads it any more, so that its end would never be seen.
  stream.resume();
  const deadline = clock.setTimeout(() => stream.destroy(), closingMs);
  stream.once("close", () => clock.clearTimeout(deadline));
}

function answerOf({ status, message, headers }: RefusedUpgrade): string {
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

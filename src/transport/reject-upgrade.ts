// Rejects an upgrade with a plain HTTP response, then ends the connection whatever the peer does.
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Limits } from "../limits.ts";
import type { Clock } from "../runtime/clock.ts";

/** The stream has no other error listener. */
function onBroken(this: Duplex): void {
  this.destroy();
}

export function rejectUpgrade(
  stream: Duplex,
  status: number,
  message: string,
  { clock, limits }: { clock: Clock; limits: Limits },
): void {
  if (!stream.writable) stream.destroy();
  if (stream.destroyed) return;
  stream.on("error", onBroken);
  stream.end(responseText(status, message, limits));
  // An unread stream never reports its end.
  stream.resume();
  const deadline = clock.setTimeout(() => stream.destroy(), limits.closingMs);
  stream.once("close", () => clock.clearTimeout(deadline));
}

function responseText(status: number, message: string, { retryAfterMs }: Limits): string {
  const body = JSON.stringify({ error: message });
  const headers = status === 401 ? ["WWW-Authenticate: Bearer"] : [];
  if (status === 429 || status === 503) headers.push(`Retry-After: ${Math.ceil(retryAfterMs / 1_000)}`);
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

// What a request for an upgrade says, before anybody asks who sent it. It must never reject what RFC 9110 allows.
import type { IncomingMessage } from "node:http";

type Headers = Pick<IncomingMessage, "headers">;

/**
 * Does the request offer to become a WebSocket? Upgrade is a list of protocols (RFC 9110 7.8), and Java and curl offer
 * HTTP/2 with every request (`Upgrade: h2c`). An offer of anything else may be ignored.
 */
export const offersWebSocket = ({ headers: { upgrade = "" } }: Headers): boolean =>
  upgrade.split(",").some((protocol) => protocol.trim().toLowerCase() === "websocket");

/** ws takes no list. */
export function chooseWebSocket({ headers }: Headers): void {
  headers.upgrade = "websocket";
}

/** Why the upgrade is malformed, whoever sent it; undefined when it is not. */
export function flawOf({ httpVersion, headers }: Headers & Pick<IncomingMessage, "httpVersion">): string | undefined {
  // RFC 9110 7.8. A proxy that speaks HTTP/1.0 to us would not pass on the WebSocket that follows.
  if (httpVersion === "1.0")
    return "HTTP/1.0 has no upgrade: use HTTP/1.1, also in a proxy (nginx: proxy_http_version)";
  // RFC 9112 3.2. Node checks it only where nothing is upgraded.
  return headers.host === undefined ? "the header Host is missing" : undefined;
}

// HTTP requests for every route and for unknown ones: valid, malformed and truncated.
import type { Dice } from "../support/dice.ts";
import { messageText } from "./messages.ts";

const methods = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "BREW", "get", ""];
const paths = [
  ...["/", "/models", "/chat", "/ticket", "/metrics", "/healthz", "/readyz", "/conversations", "/main.js", "/inspect"],
  ...["/conversations/ID", "/conversations/ID/metrics", "/conversations/ID/status", "/conversations/ID/open"],
  ...["/conversations/ID/close", "/conversations/ID/stop", "/conversations/ID/queue", "/conversations/ID/compact"],
  ...["/conversations/ID/queue/x", "/conversations/ID/title", "/conversations/ID/model", "/conversations/ID/why"],
  ...["/conversations/ID/reasoning-effort", "/connections/ID/why", "/../../etc/passwd", "/%2e%2e/%2e%2e/x", "//x/y"],
  ...["/conversations/%ff", "/conversations/%00", "/conversations/%", "/conversations/", "*", "http://a/b", "/?a[]=b"],
];
const ids = ["fuzz-0", "fuzz-1", "%F0%9D%92%B3", "a".repeat(300), "__proto__", "%ED%A0%80", ".."];
const queries = [
  "",
  "?sinceSeq=1",
  "?sinceSeq=-1",
  "?limit=0",
  "?limit=1e9",
  "?beforeSeq=x",
  "?q=%00",
  "?q=a&q=b",
  "?&=&",
];
const bodies = [
  "",
  "{",
  "[]",
  "null",
  '{"text":"hello"}',
  '{"title":null}',
  '{"model":"demo/echo"}',
  '{"reasoningEffort":"low"}',
];

/** The bytes of one request. Some are truncated. */
export function request(dice: Dice, host: string): Buffer {
  const path = dice.pick(paths).replace("ID", dice.pick(ids)) + (dice.chance(0.3) ? dice.pick(queries) : "");
  const body = dice.chance(0.5) ? dice.pick(bodies) : messageText(dice).replace('"type"', '"was"');
  const length = Buffer.byteLength(body);
  const headers = [
    dice.chance(0.95) ? `Host: ${host}` : `Host: ${dice.pick(["evil.example", "", "a:b:c", `${host}, ${host}`])}`,
    dice.chance(0.7) ? `Content-Length: ${length}` : dice.pick(["Content-Length: -1", "Content-Length: 9", ""]),
    dice.chance(0.5) ? "Content-Type: application/json" : "",
    dice.chance(0.1) ? "Transfer-Encoding: chunked" : "",
    dice.chance(0.1) ? `Origin: ${dice.pick(["null", "http://localhost", "https://evil.example", "x"])}` : "",
    dice.chance(0.1) ? "Upgrade: websocket\r\nConnection: Upgrade" : "",
    dice.chance(0.05) ? `X-Long: ${"z".repeat(20_000)}` : "",
    dice.chance(0.05) ? "no colon here" : "",
    dice.chance(0.5) ? "Connection: close" : "",
  ].filter((line) => line !== "");
  const version = dice.chance(0.95) ? "HTTP/1.1" : dice.pick(["HTTP/1.0", "HTTP/2.0", "HTTP/9", ""]);
  const bytes = Buffer.from(`${dice.pick(methods)} ${path} ${version}\r\n${headers.join("\r\n")}\r\n\r\n${body}`);
  return dice.chance(0.1) ? bytes.subarray(0, dice.whole(0, bytes.length)) : bytes;
}

// A token for each device, and what it is good for: `read` may watch, `chat` may also send and stop, `admin` may also
// change the server. A browser cannot send a header with a WebSocket, so it connects with a ticket that is good once.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serveConfig, startServer } from "turnwire";

const directory = mkdtempSync(join(tmpdir(), "turnwire-tokens-"));
const file = join(directory, "tokens.json");
const phone = { name: "phone", scopes: ["chat"], token: randomBytes(32).toString("base64url") };
const dashboard = { name: "dashboard", scopes: ["read"], token: randomBytes(32).toString("base64url") };

/** Writes what `turnwire token add` would: digests, never a token. @param {(typeof phone)[]} entries */
function writeTokens(...entries) {
  const tokens = entries.map(({ name, scopes, token }) => {
    return { name, scopes, sha256: createHash("sha256").update(token).digest("hex") };
  });
  writeFileSync(file, JSON.stringify({ tokens }), { mode: 0o600 });
}

writeTokens(phone, dashboard);
const flags = ["--port", "0", "--http-port", "0", "--data-dir", ":memory:", "--tokens-file", file];
const server = await startServer({ config: serveConfig(flags) });

/** @param {string} path @param {string} [token] @param {object} [body] */
const post = (path, token, body) =>
  fetch(server.httpUrl + path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });

console.log("without a token:", (await post("/chat", undefined, { message: "hello" })).status);
console.log("the phone sends:", (await post("/chat", phone.token, { message: "hello" })).status);
console.log("the dashboard sends:", (await post("/chat", dashboard.token, { message: "hello" })).status);

const { ticket } = JSON.parse(await (await post("/ticket", dashboard.token)).text());
const socket = new WebSocket(server.wsUrl, ["turnwire.v1", `turnwire.ticket.${ticket}`]);
const [{ data }] = await once(socket, "message");
console.log("the dashboard connects with a ticket:", JSON.parse(data).type);

writeTokens(phone);
server.reload();
const [{ code }] = await once(socket, "close");
console.log("the dashboard's token is removed, and its socket closed with", code);

await server.stop();
rmSync(directory, { recursive: true });

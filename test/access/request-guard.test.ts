// Which requests are accepted on both ports (protocol 2, "Access").
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { anyone } from "../../src/access/authoriser.ts";
import { parseAuthority } from "../../src/access/hosts.ts";
import { type AccessKind, createRequestGuard } from "../../src/access/request-guard.ts";
import { createTickets } from "../../src/access/tickets.ts";
import { chooseSubprotocol } from "../../src/protocol/subprotocol.ts";
import { SimulatedClock } from "../support/clock.ts";
import { credentialsFor } from "../support/credentials.ts";

const test = suite("access");

const token = "a-token-of-some-length";
const limits = { ticketMs: 30_000, ticketsMax: 3 };

function open({ token, allowOrigins = [] }: { token?: string; allowOrigins?: string[] } = {}) {
  const clock = new SimulatedClock();
  const credentials = token === undefined ? undefined : credentialsFor(token);
  const access = createRequestGuard({ credentials, allowOrigins, clock, limits });
  const check = (kind: AccessKind, ...rawHeaders: string[]) => {
    const decision = access.check(kind, { rawHeaders });
    return decision.allowed ? 200 : decision.status;
  };
  const identity = (token !== undefined && credentials?.find(token)) || anyone;
  return { access, clock, check, issue: () => access.issueTicket(identity) };
}

const upgradeWith = (ticket: string) => ["Host", "localhost", "Sec-WebSocket-Protocol", `turnwire.ticket.${ticket}`];

test("loopback names and IP literals are allowed hosts, with any port", () => {
  const { check } = open();
  const hosts = ["localhost", "LOCALHOST:24203", "page.localhost:1", "127.0.0.1", "127.8.9.10:80", "[::1]:24205"];
  for (const host of [...hosts, "192.168.1.20:24203", "8.8.8.8", "[fe80::1]", "[2001:db8::1]:65535"])
    assert.is(check("open", "Host", host), 200, host);
  for (const host of ["0.0.0.0", "0.0.0.0:24203", "[::]", "[0:0:0:0:0:0:0:0]:24203"])
    assert.is(check("open", "Host", host), 403, `${host} is nobody's address`);
});

test("a foreign name that resolves to this machine is refused", () => {
  const { check } = open();
  for (const host of ["evil.example", "evil.example:24203", "localhost.evil.example", "127.0.0.1.evil.example"])
    for (const kind of ["open", "api", "upgrade"] as const)
      assert.is(check(kind, "Host", host), 403, `${kind} ${host}`);
});

test("a missing, repeated or malformed Host is refused", () => {
  const { check } = open();
  assert.is(check("open"), 403);
  assert.is(check("open", "Host", "localhost", "host", "localhost"), 403);
  const garbled = [
    "",
    ":80",
    "localhost:",
    "localhost:65536",
    "localhost:1e3",
    "a@localhost",
    "localhost/",
    "[::1",
    "::1",
  ];
  for (const host of [...garbled, "[127.0.0.1]", "[::g]", "localhost,evil", "local host", ".localhost", "localhost."])
    assert.is(check("open", "Host", host), 403, JSON.stringify(host));
});

test("a request from another site without Origin is refused by the API, but a link to the page works", () => {
  const { check } = open();
  for (const site of ["cross-site", "same-site"]) {
    assert.is(check("api", "Host", "localhost", "Sec-Fetch-Site", site), 403, site);
    assert.is(check("open", "Host", "localhost", "Sec-Fetch-Site", site), 200, `a link: ${site}`);
    const origin = ["Origin", "http://localhost"];
    assert.is(check("api", "Host", "localhost", "Sec-Fetch-Site", site, ...origin), 200, "the Origin decides (CORS)");
  }
  for (const site of ["same-origin", "none"])
    assert.is(check("api", "Host", "localhost", "Sec-Fetch-Site", site), 200, site);
});

test("numbers that browsers read as addresses count as names and are refused", () => {
  const { check } = open();
  for (const host of ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"])
    assert.is(check("open", "Host", host), 403, host);
});

test("a host of --allow-origin is allowed, on any port", () => {
  const { check } = open({ allowOrigins: ["https://Chat.example:8443"] });
  assert.is(check("api", "Host", "chat.example"), 200);
  assert.is(check("api", "Host", "CHAT.EXAMPLE:24203"), 200);
  assert.is(check("api", "Host", "sub.chat.example"), 403);
});

test("allowed origins are none, the server's own and those of --allow-origin, and no others", () => {
  const { check } = open({ allowOrigins: ["https://chat.example", "http://box.lan:8080"] });
  const lan = ["Host", "192.168.1.20:24203"];
  const from = (origin: string, host = lan) => check("api", ...host, "Origin", origin);
  assert.is(check("api", ...lan), 200, "no origin");
  for (const origin of ["http://localhost:5173", "https://localhost", "http://127.0.0.1:1", "http://[::1]:3000"])
    assert.is(from(origin), 403, `${origin}: any program on this machine can serve such a page`);
  const below = ["Host", "x.localhost:24203"];
  assert.is(check("open", ...below), 200);
  assert.is(from("http://x.localhost:24203", below), 403, "its own, but below .localhost");
  assert.is(from("http://192.168.1.20:24203"), 200, "own");
  assert.is(from("https://chat.example"), 200);
  assert.is(from("https://chat.example:443"), 200, "the default port may be written out");
  assert.is(from("http://box.lan:8080"), 200);
  for (const origin of [
    "http://192.168.1.20",
    "http://192.168.1.20:80",
    "http://192.168.1.21:24203",
    "http://chat.example",
  ])
    assert.is(from(origin), 403, origin);
  for (const origin of [
    "https://chat.example:8443",
    "https://evil.example",
    "http://box.lan",
    "https://sub.chat.example",
  ])
    assert.is(from(origin), 403, origin);
  assert.is(
    from("http://evil.example:24203", ["Host", "evil.example:24203"]),
    403,
    "its own origin, but the host is not allowed",
  );
});

test("an origin or Host without a port has the default port of the origin's scheme", () => {
  const { check } = open();
  assert.is(check("api", "Host", "10.0.0.1", "Origin", "http://10.0.0.1"), 200);
  assert.is(check("api", "Host", "10.0.0.1", "Origin", "https://10.0.0.1"), 200);
  assert.is(check("api", "Host", "10.0.0.1:443", "Origin", "https://10.0.0.1"), 200);
  assert.is(check("api", "Host", "10.0.0.1:80", "Origin", "https://10.0.0.1"), 403);
});

test("the page may use the other port of the same server", () => {
  const { access, check } = open();
  const request = ["Host", "10.0.0.1:24205", "Origin", "http://10.0.0.1:24203"];
  assert.is(check("upgrade", ...request), 403);
  access.addOwnPort(24203);
  assert.is(check("upgrade", ...request), 200);
  assert.is(check("upgrade", "Host", "10.0.0.1:24205", "Origin", "http://10.0.0.2:24203"), 403);
});

test("in a host, pages of exactly localhost, 127.0.0.1 and [::1] may also connect, from any port", () => {
  const clock = new SimulatedClock();
  const access = createRequestGuard({ allowLoopbackOrigins: true, clock, limits });
  const from = (origin: string) =>
    access.check("upgrade", { rawHeaders: ["Host", "127.0.0.1:24205", "Origin", origin] }).allowed;
  for (const origin of ["http://localhost:5173", "https://localhost", "http://127.0.0.1:1", "http://[::1]:3000"])
    assert.ok(from(origin), origin);
  for (const origin of ["http://app.localhost:3000", "http://127.0.0.2", "null", "http://0.0.0.0:24205"])
    assert.not.ok(from(origin), origin);
});

test("without a token nothing is done that a proxy passed on, unless that is allowed", () => {
  const here = ["Host", "localhost"];
  const passedOn = [
    ["X-Forwarded-For", "10.0.0.7"],
    ["Forwarded", "for=10.0.0.7"],
    ["Via", "1.1 proxy"],
    ["x-real-ip", "10.0.0.7"],
    ["X-Forwarded-Proto", "https"],
  ];
  const { check } = open();
  const withToken = open({ token });
  const lenient = createRequestGuard({ allowForwarded: true, clock: new SimulatedClock(), limits });
  for (const header of passedOn)
    for (const kind of ["api", "upgrade"] as const) {
      assert.is(check(kind, ...here, ...header), 403, `${kind} ${header}`);
      assert.is(withToken.check(kind, ...here, ...header, "Authorization", `Bearer ${token}`), 200);
      assert.ok(lenient.check(kind, { rawHeaders: [...here, ...header] }).allowed);
    }
  assert.is(check("open", ...here, "Via", "1.1 proxy"), 200, "the page and the probes");
});

test("null, malformed and repeated origins are refused", () => {
  const { check } = open();
  const origins = [
    "null",
    "",
    "localhost",
    "file://",
    "http://",
    "http://localhost/",
    "http://localhost/x",
    "ws://localhost",
  ];
  for (const origin of [...origins, "http://a@localhost", "http://localhost, http://localhost", "chrome-extension://x"])
    assert.is(check("api", "Host", "localhost", "Origin", origin), 403, origin);
  assert.is(check("api", "Host", "localhost", "Origin", "http://localhost", "Origin", "http://localhost"), 403);
});

test("a refusal names the problem and the remedy, and repeats no more of the request than necessary", () => {
  const { access } = open({ token });
  const decide = (...rawHeaders: string[]) => JSON.stringify(access.check("api", { rawHeaders }));
  assert.match(decide("Host", "evil.example"), "evil.example");
  assert.match(decide("Host", "evil.example"), "--allow-origin");
  assert.match(decide(), "(missing)");
  assert.match(decide("Host", "localhost", "Origin", "null"), "Origin");
  assert.match(decide("Host", "localhost"), "Authorization: Bearer");
  assert.ok(decide("Host", "x".repeat(9000)).length < 400);
});

test("with a token, pages, probes and preflights need none, and all other requests do", () => {
  const { check } = open({ token });
  assert.is(check("open", "Host", "localhost"), 200);
  for (const kind of ["api", "upgrade"] as const) {
    const withAuthorization = (value: string) => check(kind, "Host", "localhost", "Authorization", value);
    assert.is(check(kind, "Host", "localhost"), 401, kind);
    assert.is(withAuthorization(`Bearer ${token}`), 200);
    assert.is(withAuthorization(`bEARER  ${token}`), 200);
    for (const wrong of [
      `Bearer ${token}x`,
      `Bearer ${token.slice(1)}`,
      "Bearer",
      "Bearer ",
      `Basic ${token}`,
      token,
      "",
    ])
      assert.is(withAuthorization(wrong), 401, wrong);
    const twice = ["Authorization", `Bearer ${token}`, "Authorization", `Bearer ${token}`];
    assert.is(check(kind, "Host", "localhost", ...twice), 401, "twice");
  }
});

test("Host and Origin are checked before the token", () => {
  const { check } = open({ token });
  assert.is(check("api", "Host", "evil.example", "Authorization", `Bearer ${token}`), 403);
});

test("a ticket opens one socket once, and nothing else", () => {
  const { issue, check } = open({ token });
  const { ticket } = issue();
  assert.is(check("api", ...upgradeWith(ticket)), 401, "only an upgrade may use a ticket");
  assert.is(check("upgrade", ...upgradeWith(ticket)), 200);
  assert.is(check("upgrade", ...upgradeWith(ticket)), 401);
  assert.is(check("upgrade", ...upgradeWith("made-up")), 401);
  assert.is(check("upgrade", ...upgradeWith("")), 401);
});

test("a ticket is found among other subprotocols", () => {
  const { issue, check } = open({ token });
  const offers = `turnwire.base, turnwire.ticket.${issue().ticket}`;
  assert.is(check("upgrade", "Host", "localhost", "Sec-WebSocket-Protocol", offers), 200);
  const second = ["Sec-WebSocket-Protocol", `turnwire.ticket.${issue().ticket}`];
  assert.is(check("upgrade", "Host", "localhost", "Sec-WebSocket-Protocol", "turnwire.base", ...second), 200);
});

test("a ticket in a request from a foreign page is not used up", () => {
  const { issue, check } = open({ token });
  const { ticket } = issue();
  assert.is(check("upgrade", ...upgradeWith(ticket), "Origin", "https://evil.example"), 403);
  assert.is(check("upgrade", ...upgradeWith(ticket)), 200);
});

test("a ticket expires after its time", () => {
  const { issue, clock, check } = open({ token });
  const { ticket, expiresAt } = issue();
  assert.is(expiresAt, clock.wall() + limits.ticketMs);
  clock.advance(limits.ticketMs - 1);
  const second = issue().ticket;
  clock.advance(1);
  assert.is(check("upgrade", ...upgradeWith(ticket)), 401);
  assert.is(check("upgrade", ...upgradeWith(second)), 200);
  assert.is(clock.pending, 0, "no timer per ticket");
});

test("an identity above the ticket maximum displaces its own tickets, not those of others", () => {
  const clock = new SimulatedClock();
  const [ann, bob] = (["ann", "bob"] as const).map((name) => ({ name, scope: "read" as const }));
  const tickets = createTickets(clock, { ticketMs: 30_000, ticketsMax: 4 });
  const [of1, of2] = [tickets.issue(ann ?? anyone).ticket, tickets.issue(ann ?? anyone).ticket];
  const many = Array.from({ length: 20 }, () => tickets.issue(bob ?? anyone).ticket);
  assert.equal(
    [of1, of2, many.at(-1), many.at(-2), many.at(-3)].map((ticket) => tickets.redeem(ticket ?? "")?.name),
    ["ann", "ann", "bob", "bob", undefined],
  );
});

test("with too many tickets the oldest is dropped", () => {
  const { issue, check } = open({ token });
  const tickets = Array.from({ length: limits.ticketsMax + 1 }, () => issue().ticket);
  const answers = tickets.map((ticket) => check("upgrade", ...upgradeWith(ticket)));
  assert.equal(answers, [401, 200, 200, 200]);
  assert.is(new Set(tickets).size, tickets.length);
  for (const ticket of tickets) assert.match(ticket, /^[\w-]{22,}$/);
});

test("without a token tickets are issued and change nothing", () => {
  const { issue, check } = open();
  const { ticket } = issue();
  assert.is(check("upgrade", ...upgradeWith(ticket)), 200);
  assert.is(check("upgrade", ...upgradeWith(ticket)), 200);
});

test("CORS returns an origin only if it is allowed, exactly as it was sent", () => {
  const { access } = open({ allowOrigins: ["https://chat.example"] });
  const allowed = (...rawHeaders: string[]) => access.allowedOrigin({ rawHeaders });
  assert.is(allowed("Host", "localhost", "Origin", "https://chat.example"), "https://chat.example");
  assert.is(allowed("Host", "localhost"), undefined);
  assert.is(allowed("Host", "localhost", "Origin", "https://evil.example"), undefined);
  assert.is(allowed("Host", "evil.example", "Origin", "https://chat.example"), undefined);
});

test("an invalid origin of an embedder is refused at once", () => {
  assert.throws(() => open({ allowOrigins: ["chat.example"] }), /"chat.example" is not an origin/);
});

test("v1 has precedence, then base, then the first other protocol, and a ticket is never selected", () => {
  assert.is(chooseSubprotocol([]), undefined);
  assert.is(chooseSubprotocol(["turnwire.v1"]), "turnwire.v1");
  assert.is(chooseSubprotocol(["turnwire.ticket.x"]), undefined);
  assert.is(chooseSubprotocol(["other", "turnwire.base", "turnwire.v1"]), "turnwire.v1");
  assert.is(chooseSubprotocol(["other", "turnwire.base"]), "turnwire.base");
  assert.is(chooseSubprotocol(["turnwire.ticket.x", "other", "more"]), "other");
  assert.is(chooseSubprotocol(new Set(["mqtt"])), "mqtt");
});

test("an address is normalised to one spelling", () => {
  assert.equal(parseAuthority("[0:0:0:0:0:0:0:1]:5"), { hostname: "[::1]", port: 5 });
  assert.equal(parseAuthority(`${"a".repeat(254)}`), undefined);
});

test.run();

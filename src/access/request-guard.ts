// Checks every request on both ports (protocol 2): first Host, then Origin, then the token or ticket. It must never
// admit a foreign web page, neither by its own origin nor by a host name that it has pointed here (DNS rebinding).
import type { Limits } from "../limits.ts";
import type { Identity } from "../ports/authorisation.ts";
import { ticketPrefix } from "../protocol/subprotocol.ts";
import type { Clock } from "../runtime/clock.ts";
import { anyone } from "./authoriser.ts";
import type { Credentials } from "./credentials.ts";
import {
  type Authority,
  defaultPort,
  isAddress,
  isBelowLocalhost,
  isForwarded,
  isLoopback,
  isUnspecified,
  type Origin,
  originText,
  parseAuthority,
  parseOrigin,
} from "./hosts.ts";
import { createTickets } from "./tickets.ts";

/** open: page files, probes and preflights, which need no token. An upgrade may show a ticket instead of a token. */
export type AccessKind = "open" | "api" | "upgrade";

/** The part of Node's IncomingMessage that is checked: raw headers, so that a second Host is not overlooked. */
export interface AccessRequest {
  readonly rawHeaders: readonly string[];
}

type Refused = { allowed: false; status: 401 | 403; message: string };
export type AccessDecision = { allowed: true; identity: Identity } | Refused;

/** The identity of requests that need no token. */
const nobody: Identity = Object.freeze({ name: "nobody", scope: "read" });

export interface RequestGuardOptions {
  /** The tokens; undefined: no request needs one. */
  credentials?: Credentials | undefined;
  /** Origins as `scheme://host[:port]`; their hosts become allowed hosts. */
  allowOrigins?: readonly string[];
  /** Whether pages from exactly localhost, 127.0.0.1 and [::1] may use the server, from any port. Default: no. */
  allowLoopbackOrigins?: boolean;
  /** Whether a proxy may pass on requests although no token is required. Default: no. */
  allowForwarded?: boolean;
  clock: Clock;
  limits: Pick<Limits, "ticketMs" | "ticketsMax">;
}

const shownCharactersMax = 100;

export type RequestGuard = ReturnType<typeof createRequestGuard>;

const loopbackPages: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

export function createRequestGuard(options: RequestGuardOptions) {
  const { credentials, allowOrigins = [], clock, limits } = options;
  const { allowLoopbackOrigins = false, allowForwarded = false } = options;
  const tickets = createTickets(clock, limits);
  const origins = allowOrigins.map(requireOrigin);
  const allowedOrigins = new Set(origins.map(originText));
  const allowedHosts = new Set(origins.map((origin) => origin.hostname));
  const ownPorts = new Set<number>();

  /** Is this identity's token still valid, with the same name and scope? */
  const isGood = (identity: Identity): boolean => credentials?.includes(identity) ?? true;

  const hostIsAllowed = ({ hostname }: Authority): boolean =>
    isLoopback(hostname) || (isAddress(hostname) && !isUnspecified(hostname)) || allowedHosts.has(hostname);

  /** Is this the server's own page? Then the origin has the same host and one of the server's ports. */
  const isOwn = (origin: Origin, host: Authority): boolean =>
    origin.hostname === host.hostname &&
    !isBelowLocalhost(origin.hostname) &&
    (origin.port === (host.port ?? defaultPort(origin.scheme)) || ownPorts.has(origin.port));

  const originIsAllowed = (text: string, host: Authority): boolean => {
    const origin = parseOrigin(text);
    if (origin === undefined) return false;
    if (allowLoopbackOrigins && loopbackPages.has(origin.hostname)) return true;
    return allowedOrigins.has(originText(origin)) || isOwn(origin, host);
  };

  const refuseOrigin = (request: AccessRequest): Refused | undefined => {
    const hosts = headerValues(request, "host");
    const host = hosts[0] !== undefined && hosts.length === 1 ? parseAuthority(hosts[0]) : undefined;
    if (host === undefined || !hostIsAllowed(host))
      return forbidden(`Host ${shown(hosts)} is not allowed: ${hostRemedy}`);
    const sent = headerValues(request, "origin");
    if (sent[0] === undefined || (sent.length === 1 && originIsAllowed(sent[0], host))) return undefined;
    return forbidden(`Origin ${shown(sent)} is not allowed: ${originRemedy}`);
  };

  const byToken = (request: AccessRequest): Identity | undefined => {
    if (!credentials) return anyone;
    const sent = headerValues(request, "authorization");
    const [, token] = (sent.length === 1 && /^bearer +(\S+)$/i.exec(sent[0] ?? "")) || [];
    return token === undefined ? undefined : credentials.find(token);
  };

  /** Uses up every ticket shown, so that none can be taken from a log and used again. */
  const byTicket = (request: AccessRequest): Identity | undefined =>
    headerValues(request, "sec-websocket-protocol")
      .flatMap((value) => value.split(","))
      .map((name) => name.trim())
      .filter((name) => name.startsWith(ticketPrefix))
      .map((name) => tickets.redeem(name.slice(ticketPrefix.length)))
      .find((identity) => identity && isGood(identity));

  return {
    /** Decides about one request. An upgrade that passes Host and Origin uses up the ticket it shows. */
    check(kind: AccessKind, request: AccessRequest): AccessDecision {
      const refused = refuseOrigin(request);
      if (refused !== undefined) return refused;
      if (kind === "open") return { allowed: true, identity: nobody };
      if (kind === "api" && isBlindRequest(request)) return forbidden(blindRemedy);
      if (!credentials && !allowForwarded && isForwarded((name) => headerValues(request, name).length > 0))
        return forbidden(forwardedRemedy);
      const identity = (kind === "upgrade" && byTicket(request)) || byToken(request);
      if (identity) return { allowed: true, identity };
      return { allowed: false, status: 401, message: kind === "upgrade" ? upgradeRemedy : tokenRemedy };
    },
    /** The Origin header's value if it is allowed, for CORS. */
    allowedOrigin(request: AccessRequest): string | undefined {
      const [origin] = headerValues(request, "origin");
      return origin !== undefined && refuseOrigin(request) === undefined ? origin : undefined;
    },
    /** Adds a port that this server listens on; a page from any of them counts as the server's own. */
    addOwnPort(port: number): void {
      ownPorts.add(port);
    },
    isGood,
    /** Issues a ticket for this identity's next socket. */
    issueTicket: tickets.issue,
  };
}

/**
 * Is this a browser's request for a page of another site, sent without an Origin (Fetch Metadata 2.3)? That page cannot
 * read the response, and must not be able to make the server work or to occupy its streams.
 */
function isBlindRequest(request: AccessRequest): boolean {
  const [site] = headerValues(request, "sec-fetch-site");
  return (site === "cross-site" || site === "same-site") && headerValues(request, "origin").length === 0;
}

const blindRemedy =
  "a page of another site sent this request without an Origin: open the address directly, or use fetch";
const forwardedRemedy =
  "a proxy passed this request on, and this server asks nobody for a token: start it without --no-token";
const hostRemedy = "open the server as localhost or by its IP address, or start it with --allow-origin for that host";
const originRemedy = "open the page at the server's own address, or start the server with --allow-origin for it";
const tokenRemedy = "the token is missing or wrong: send it as Authorization: Bearer <token>";
const upgradeRemedy = `${tokenRemedy}, or offer the subprotocol ${ticketPrefix}<ticket> with one from POST /ticket`;

const forbidden = (message: string): Refused => ({ allowed: false, status: 403, message });

function requireOrigin(text: string): Origin {
  const origin = parseOrigin(text);
  if (origin === undefined)
    throw new Error(`allowOrigins: ${JSON.stringify(text)} is not an origin like https://host:port`);
  return origin;
}

/** Every value of a header, in order. Raw headers alternate names (even indices) and values. */
function headerValues({ rawHeaders }: AccessRequest, name: string): string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
}

function shown(values: readonly string[]): string {
  if (values.length === 0) return "(missing)";
  return JSON.stringify(values.join(", ").slice(0, shownCharactersMax));
}

// Who may speak to the server, on both ports (protocol 2): Host first, then Origin, then token or ticket. It must never
// let a foreign web page in, neither by its own origin nor by a name that it made point here (DNS rebinding).

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
  isLoopback,
  type Origin,
  originText,
  parseAuthority,
  parseOrigin,
} from "./hosts.ts";
import { createTickets, type Ticket } from "./tickets.ts";

/** open: page files, probes, preflights, which need no token. An upgrade may show a ticket in the token's place. */
export type AccessKind = "open" | "api" | "upgrade";

/** Node's IncomingMessage is one. Raw headers, because a second Host must not be overlooked. */
export interface AccessRequest {
  readonly rawHeaders: readonly string[];
}

export type AccessDecision =
  | { allowed: true; identity: Identity }
  | { allowed: false; status: 401 | 403; message: string };

type Refused = Extract<AccessDecision, { allowed: false }>;

/** Who asks for what is open to all. */
const nobody: Identity = Object.freeze({ name: "nobody", scope: "read" });

export interface RequestGuardOptions {
  /** The tokens; without them nobody is asked for one. */
  credentials?: Credentials | undefined;
  /** Origins as `scheme://host[:port]`; their hosts become allowed hosts. */
  allowOrigins?: readonly string[];
  clock: Clock;
  limits: Pick<Limits, "ticketMs" | "ticketsMax">;
}

export interface RequestGuard {
  /** Decides about one request. A ticket shown by an upgrade that passes Host and Origin is used up by it. */
  check(kind: AccessKind, request: AccessRequest): AccessDecision;
  /** The Origin header's value when the request has an allowed one: what CORS may name. */
  allowedOrigin(request: AccessRequest): string | undefined;
  /** Names a port that this server listens on: a page from any of them is the server's own. */
  addOwnPort(port: number): void;
  /** Is its token still good, for the same? */
  isGood(identity: Identity): boolean;
  /** For this identity's next socket. */
  issueTicket(identity: Identity): Ticket;
}

const shownCharactersMax = 100;

export function createRequestGuard(options: RequestGuardOptions): RequestGuard {
  const tickets = createTickets(options.clock, options.limits);
  const { credentials } = options;
  const origins = (options.allowOrigins ?? []).map(requireOrigin);
  const allowedOrigins = new Set(origins.map(originText));
  const allowedHosts = new Set(origins.map((origin) => origin.hostname));
  const ownPorts = new Set<number>();

  const hostIsAllowed = ({ hostname }: Authority): boolean =>
    isLoopback(hostname) || isAddress(hostname) || allowedHosts.has(hostname);

  /** Is this a page that this very server has sent? Then it names the same host, and a port of ours. */
  const isOwn = (origin: Origin, host: Authority): boolean =>
    origin.hostname === host.hostname &&
    (origin.port === (host.port ?? defaultPort(origin.scheme)) || ownPorts.has(origin.port));

  const originIsAllowed = (text: string, host: Authority): boolean => {
    const origin = parseOrigin(text);
    if (origin === undefined) return false;
    return isLoopback(origin.hostname) || allowedOrigins.has(originText(origin)) || isOwn(origin, host);
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

  /** Uses up every ticket that is shown, so that none is left to be seen in a log and used by another. */
  const byTicket = (request: AccessRequest): Identity | undefined =>
    offeredSubprotocols(request)
      .filter((name) => name.startsWith(ticketPrefix))
      .map((name) => tickets.redeem(name.slice(ticketPrefix.length)))
      .find((identity) => identity && (credentials?.includes(identity) ?? true));

  return {
    check(kind, request) {
      const refused = refuseOrigin(request);
      if (refused !== undefined) return refused;
      if (kind === "open") return { allowed: true, identity: nobody };
      if (kind === "api" && isBlindRequest(request)) return forbidden(blindRemedy);
      const identity = (kind === "upgrade" && byTicket(request)) || byToken(request);
      if (identity) return { allowed: true, identity };
      return { allowed: false, status: 401, message: kind === "upgrade" ? upgradeRemedy : tokenRemedy };
    },
    allowedOrigin(request) {
      const [origin] = headerValues(request, "origin");
      return origin !== undefined && refuseOrigin(request) === undefined ? origin : undefined;
    },
    addOwnPort: (port) => {
      ownPorts.add(port);
    },
    isGood: (identity) => credentials?.includes(identity) ?? true,
    issueTicket: (identity) => tickets.issue(identity),
  };
}

/**
 * A browser says so of a page of another site, which may not read the answer and names no Origin (Fetch Metadata 2.3):
 * such a page must not make the server work, or hold its streams, blindly.
 */
function isBlindRequest(request: AccessRequest): boolean {
  const [site] = headerValues(request, "sec-fetch-site");
  return (site === "cross-site" || site === "same-site") && headerValues(request, "origin").length === 0;
}

const blindRemedy = "a page of another site asks without naming its Origin: open the address by itself, or use fetch";
const hostRemedy = "open the server as localhost or by its IP address, or start it with --allow-origin for that host";
const originRemedy = "start the server with --allow-origin for it";
const tokenRemedy = "the token is missing or wrong: send it as Authorization: Bearer <token>";
const upgradeRemedy = `${tokenRemedy}, or offer the subprotocol ${ticketPrefix}<ticket> with one from POST /ticket`;

const forbidden = (message: string): Refused => ({ allowed: false, status: 403, message });

function requireOrigin(text: string): Origin {
  const origin = parseOrigin(text);
  if (origin === undefined)
    throw new Error(`allowOrigins: ${JSON.stringify(text)} is no origin like https://host:port`);
  return origin;
}

/** Every value of a header, in order; the names of raw headers are at the even places. */
function headerValues({ rawHeaders }: AccessRequest, name: string): string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
}

function offeredSubprotocols(request: AccessRequest): string[] {
  return headerValues(request, "sec-websocket-protocol").flatMap((value) =>
    value.split(",").map((name) => name.trim()),
  );
}

function shown(values: readonly string[]): string {
  if (values.length === 0) return "(missing)";
  return JSON.stringify(values.join(", ").slice(0, shownCharactersMax));
}

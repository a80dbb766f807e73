// Checks for every request before a route sees it: Host, Origin, CORS, token (protocol 2, "Access"; protocol 3). Routes
// without a token are registered before requireToken, so a forgotten route is closed, not open.
import type { MiddlewareHandler } from "hono";
import { networkOf } from "../access/address-limit.ts";
import type { Action } from "../access/authoriser.ts";
import { accountOf, countOf } from "../access/rate-limiter.ts";
import type { AccessKind } from "../access/request-guard.ts";
import { sleep } from "../runtime/clock.ts";
import type { HttpContext, HttpEnvironment, HttpParts } from "./context.ts";
import { refuse, refuseTooFast } from "./errors.ts";
import { readId } from "./request-input.ts";

/** How late a client that floods is answered. Closing its connection would only make it come back, which costs more. */
const floodAnswerMs = 1_000;

type Rule = MiddlewareHandler<HttpEnvironment>;

const methods = "GET, HEAD, POST, PUT, DELETE";
const requestHeaders = "Authorization, Content-Type";
const preflightKeptS = "600";

/** Checks Host and Origin, answers CORS for allowed origins, and sets headers that keep other pages from reading. */
export function admit(parts: HttpParts): Rule {
  return async (c, next) => {
    c.header("X-Content-Type-Options", "nosniff");
    c.header("Cross-Origin-Resource-Policy", "same-origin");
    c.header("Cache-Control", "no-store");
    c.header("Vary", "Origin");
    const isPreflight = c.req.method === "OPTIONS" && c.req.header("access-control-request-method") !== undefined;
    const refused = decide(c, parts, "open");
    if (refused) return refused;
    const origin = parts.access.allowedOrigin(c.env.incoming);
    if (origin !== undefined) {
      c.header("Access-Control-Allow-Origin", origin);
      c.header("Access-Control-Expose-Headers", "X-Conversation-Id");
    }
    if (!isPreflight) return await next();
    c.header("Access-Control-Allow-Methods", methods);
    c.header("Access-Control-Allow-Headers", requestHeaders);
    c.header("Access-Control-Max-Age", preflightKeptS);
    return c.body(null, 204);
  };
}

export function requireToken(parts: HttpParts): Rule {
  return async (c, next) => decide(c, parts, "api") ?? (await next());
}

/** The rate limit of a token at an address, the same as over a socket (protocol 2, rate-limited). */
export function limitRate({ rates, limits, clock }: HttpParts): Rule {
  return async (c, next) => {
    const account = accountOf(c.var.identity, networkOf(c.env.incoming.socket.remoteAddress));
    const bytes = Number(c.req.header("content-length") ?? 0) || 0;
    const kind = isRead(c) ? "read" : "command";
    const afterMs = rates.take(account, kind, bytes);
    if (afterMs === 0) return await next();
    // Its next requests on this connection are read only after this answer.
    if (rates.floods(account)) await sleep(clock, floodAnswerMs);
    return refuseTooFast(c, afterMs, kind === "read" ? 1 : countOf(bytes, limits));
  };
}

const isRead = ({ req }: HttpContext): boolean => req.method === "GET" || req.method === "HEAD";

function authorise({ authoriser }: HttpParts, actionOf: (c: HttpContext) => Action): Rule {
  return async (c, next) => {
    const { identity, conversationId } = c.var;
    const problem = authoriser.refusal(identity, actionOf(c), { conversationId });
    return problem === undefined ? await next() : refuse(c, 403, problem);
  };
}

/** Below /conversations/:id a GET or HEAD needs read, every other method needs write. */
export const requireByMethod = (parts: HttpParts): Rule => authorise(parts, (c) => (isRead(c) ? "read" : "write"));

/** For routes whose response shows parts of the conversation whatever the method. */
export const requireRead = (parts: HttpParts): Rule => authorise(parts, () => "read");

/** For routes that show or change the server as a whole. */
export const requireAdmin = (parts: HttpParts): Rule => authorise(parts, () => "administer");

/** Decodes the id of routes below /conversations/:id. */
export function readConversationId({ limits }: HttpParts): Rule {
  return async (c, next) => {
    const read = readId(c, 2, limits);
    if ("refused" in read) return read.refused;
    c.set("conversationId", read.id);
    return await next();
  };
}

function decide(c: HttpContext, { access }: HttpParts, kind: AccessKind): Response | undefined {
  const decision = access.check(kind, c.env.incoming);
  if (decision.allowed) {
    const { identity } = decision;
    c.set("identity", identity);
    c.set("isStillGood", () => kind === "open" || access.isGood(identity));
    return undefined;
  }
  if (decision.status === 401) c.header("WWW-Authenticate", "Bearer");
  return refuse(c, decision.status, decision.message);
}

// Assembles the HTTP API (protocol 3): general checks, public routes, the token check, all other routes. If a route or
// a port throws, only that request fails, with a 500 that does not name the cause; the cause is logged. An unreadable
// store gives a 507 that says so.
import { Hono } from "hono";
import { AccountRates } from "../access/rate-limiter.ts";
import { StoreError } from "../ports/store.ts";
import { MessageParser } from "../protocol/parse.ts";
import { routeChat } from "./chat.ts";
import type { HttpApp, HttpEnvironment, HttpParts } from "./context.ts";
import { routeConversations } from "./conversations.ts";
import { refuse } from "./errors.ts";
import { routeInspection, routeInspectionPage } from "./inspection.ts";
import { routeLastAnswer } from "./last-answer.ts";
import {
  admit,
  limitRate,
  readConversationId,
  requireAdmin,
  requireByMethod,
  requireRead,
  requireToken,
} from "./middleware.ts";
import { routeQueue } from "./queue.ts";
import { routeProbes, routeService } from "./server-routes.ts";
import { routeSettings } from "./settings.ts";
import { routePage } from "./static-files.ts";
import { routeWhy } from "./why.ts";

export type HttpAppOptions = Omit<HttpParts, "rates" | "parser">;

export function createHttpApp(options: HttpAppOptions): HttpApp {
  const { clock, limits, logger } = options;
  const parts: HttpParts = {
    ...options,
    rates: new AccountRates(clock, limits),
    parser: new MessageParser(limits),
  };
  const app: HttpApp = new Hono<HttpEnvironment>({ getPath: rawPath });

  app.onError((error, c) => {
    if (error instanceof StoreError) {
      logger.warn("http: the store could not be read", { method: c.req.method, reason: error.message });
      return refuse(c, 507, error.message);
    }
    const cause = error.cause === undefined ? error.stack : `${error.message}: ${String(error.cause)}`;
    logger.error("http: a request failed", { method: c.req.method, route: c.req.path, cause });
    return refuse(c, 500, "internal error");
  });
  app.notFound((c) => refuse(c, 404, "no such route"));

  app.use(async (_, next) => {
    try {
      await next();
    } catch (thrown) {
      // Hono hands only Errors to onError; a host's port may throw anything.
      throw new Error("a value that is not an Error was thrown", { cause: thrown });
    }
  });
  app.use(admit(parts));
  routeProbes(app, parts);
  if (parts.page) routePage(app, parts.page);
  if (parts.visualizer) routeInspectionPage(app, parts.visualizer);
  else app.get("/inspect/*", (c) => refuse(c, 404, "the charts are shown only with --inspect: npm start -- --inspect"));

  app.use(requireToken(parts));
  app.use(limitRate(parts));
  // In Hono `/*` also matches the path before it.
  app.use("/conversations/:id/*", readConversationId(parts), requireByMethod(parts));
  // Their responses show the queued texts.
  app.use("/conversations/:id/queue/*", requireRead(parts));
  routeService(app, parts);
  routeChat(app, parts);
  routeConversations(app, parts);
  routeLastAnswer(app, parts);
  routeQueue(app, parts);
  routeSettings(app, parts);
  app.use("/connections/*", requireAdmin(parts));
  app.use("/inspect/*", requireAdmin(parts));
  routeWhy(app, parts);
  if (parts.visualizer) routeInspection(app, parts, parts.visualizer);
  return app;
}

/** The path as it was sent. By default Hono decodes the path before matching, but ids may contain any character. */
function rawPath({ url }: Request): string {
  return new URL(url).pathname;
}

// The live visualizer over HTTP: its page, and what the page asks. Without a token only this machine may look, because
// names of conversations and what people do are on it; nothing here can be steered, only seen.
import type { MiddlewareHandler } from "hono";
import { isLoopbackAddress } from "../access/hosts.ts";
import type { Visualizer } from "../diagnostics/inspection/visualizer.ts";
import type { HttpApp, HttpContext, HttpEnvironment, HttpParts } from "./context.ts";
import { refuse } from "./errors.ts";
import { createNdjsonStream, type NdjsonStream } from "./ndjson-stream.ts";
import { readNumber } from "./request-input.ts";
import { sendPageFile } from "./static-files.ts";

/** The page's files need no token, like those of the chat page; the rule of who may look at all holds for them too. */
export function routeInspectionPage(app: HttpApp, visualizer: Visualizer): void {
  const { pageDirectory, chartsDirectory } = visualizer.options;
  app.use("/inspect", onlyFromHere(visualizer));
  app.use("/inspect/*", onlyFromHere(visualizer));
  app.get("/inspect", async (c, next) => (await sendPageFile(c, pageDirectory, "/index.html")) ?? (await next()));
  app.get("/inspect/*", async (c, next) => {
    const path = c.req.path.slice("/inspect".length);
    const [directory, file] = path.startsWith("/charts/")
      ? [chartsDirectory, path.slice("/charts".length)]
      : [pageDirectory, path === "/" ? "/index.html" : path];
    return (await sendPageFile(c, directory, file)) ?? (await next());
  });
}

export function routeInspection(app: HttpApp, parts: HttpParts, visualizer: Visualizer): void {
  app.get("/inspect/overview", (c) => c.json(visualizer.overview()));

  app.get("/inspect/actors", (c) => {
    const olderThan = readNumber(c, "olderThanMs", 0);
    if ("refused" in olderThan) return olderThan.refused;
    const youngerThan = readNumber(c, "youngerThanMs", 0);
    if ("refused" in youngerThan) return youngerThan.refused;
    const limit = readNumber(c, "limit", 1);
    if ("refused" in limit) return limit.refused;
    const { inspectedActorsMax } = parts.limits;
    const search = {
      chart: sought(c, "chart"),
      state: sought(c, "state"),
      find: sought(c, "find"),
      olderThanMs: olderThan.number,
      youngerThanMs: youngerThan.number,
      limit: Math.min(limit.number ?? inspectedActorsMax, inspectedActorsMax),
    };
    return c.json(visualizer.find(search));
  });

  app.get("/inspect/actors/:id", (c) => {
    const detail = visualizer.detail(c.req.param("id"));
    return detail ? c.json(detail) : noSuchActor(c);
  });

  app.get("/inspect/actors/:id/stream", (c) => streamActor(c, parts, visualizer, c.req.param("id")));
}

/** A page's empty field means that nothing is sought by it. */
const sought = (c: HttpContext, name: string): string | undefined => c.req.query(name) || undefined;

const noSuchActor = (c: HttpContext): Response =>
  refuse(c, 404, `no actor ${JSON.stringify(c.req.param("id"))} is alive: GET /inspect/actors lists those there are`);

const streamHeaders = { "Content-Type": "application/x-ndjson", "X-Accel-Buffering": "no" };

function streamActor(
  c: HttpContext,
  { limits, clock, logger, streams }: HttpParts,
  visualizer: Visualizer,
  id: string,
): Response {
  // Nobody reads the body of a HEAD, so nothing would ever end it: there is nothing to begin.
  if (c.req.method === "HEAD") return visualizer.detail(id) ? c.body(null, 200, streamHeaders) : noSuchActor(c);
  let leave: ReturnType<Visualizer["watch"]>;
  const stream: NdjsonStream = createNdjsonStream({
    unsentBytesMax: limits.unsentBytesMax,
    stallMs: limits.chatStallMs,
    clock,
    onEnd: () => {
      forget();
      if (typeof leave === "function") leave();
    },
    onTooSlow: () => {
      logger.warn("http: a reader of an actor's change was too slow and was cut off", { actorId: id });
      c.env.outgoing.destroy();
    },
  });
  const forget = streams.add(c.var.identity, () => c.env.outgoing.destroy());
  leave = visualizer.watch(id, {
    write: (line) => stream.write(JSON.stringify(line)),
    end: () => stream.end(),
  });
  if (typeof leave !== "function") forget();
  if (leave === undefined) return noSuchActor(c);
  if (leave === "full") {
    const { inspectStreamsMax } = visualizer.options.limits;
    return refuse(c, 429, `${inspectStreamsMax} actors are being watched, the most there may be: close another page`);
  }
  return c.body(stream.body, 200, streamHeaders);
}

/** What proxies add; one that adds nothing cannot be told from a person at this machine. */
const proxyHeaders = [
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
  "cf-connecting-ip",
];

/**
 * With a token that is asked for as everywhere. Without one the peer must be this machine, and no proxy may stand
 * between: through one, everybody looks like this machine.
 */
function onlyFromHere({ options }: Visualizer): MiddlewareHandler<HttpEnvironment> {
  return async (c, next) => {
    if (options.hasToken) return await next();
    const isForwarded = proxyHeaders.some((name) => c.req.header(name) !== undefined);
    if (!isForwarded && isLoopbackAddress(c.env.incoming.socket.remoteAddress)) return await next();
    return refuse(c, 403, "/inspect is for this machine only: set TURNWIRE_TOKEN to look at it from elsewhere");
  };
}

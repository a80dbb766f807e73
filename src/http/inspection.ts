// The live visualizer over HTTP: its page and the page's requests. It shows names of conversations and what people do,
// so without a token it answers only this machine. It is read-only.
import type { MiddlewareHandler } from "hono";
import { isForwarded, isLoopbackAddress } from "../access/hosts.ts";
import { machineJson, machines } from "../diagnostics/inspection/machines.ts";
import type { Viewer, Visualizer, Watching } from "../diagnostics/inspection/visualizer.ts";
import type { InspectionFilter } from "../diagnostics/inspection.ts";
import type { HttpApp, HttpContext, HttpEnvironment, HttpParts } from "./context.ts";
import { refuse } from "./errors.ts";
import { createNdjsonStream, type NdjsonStream } from "./ndjson-stream.ts";
import { readNumbers } from "./request-input.ts";
import { contentSecurityPolicy, sendPageFile } from "./static-files.ts";

/** The Stately inspector is a page of another site, in a frame. Nothing else may get into that frame. */
const statelyFrames = "frame-src https://stately.ai https://*.stately.ai";

/** The page's files need no token, like those of the chat page, but onlyFromHere applies to them too. */
export function routeInspectionPage(app: HttpApp, visualizer: Visualizer): void {
  const { pageDirectory, chartsDirectory } = visualizer.options;
  app.use("/inspect/*", onlyFromHere(visualizer));
  app.get("/inspect/stately", async (c, next) => {
    const page = await sendPageFile(c, pageDirectory, "/stately/index.html");
    page?.headers.set("Content-Security-Policy", `${contentSecurityPolicy}; ${statelyFrames}`);
    return page ?? (await next());
  });
  app.get("/inspect/*", async (c, next) => {
    const path = c.req.path.slice("/inspect".length);
    const [directory, file] = path.startsWith("/charts/")
      ? [chartsDirectory, path.slice("/charts".length)]
      : [pageDirectory, path === "" || path === "/" ? "/index.html" : path];
    return (await sendPageFile(c, directory, file)) ?? (await next());
  });
}

export function routeInspection(app: HttpApp, parts: HttpParts, visualizer: Visualizer): void {
  app.get("/inspect/overview", (c) => c.json(visualizer.overview()));

  app.get("/inspect/actors", (c) => {
    const read = readNumbers(c, { olderThanMs: 0, youngerThanMs: 0, limit: 1 });
    if ("refused" in read) return read.refused;
    const { inspectedActorsMax } = parts.limits;
    const search = {
      chart: sought(c, "chart"),
      state: sought(c, "state"),
      find: sought(c, "find"),
      ...read.numbers,
      limit: Math.min(read.numbers.limit ?? inspectedActorsMax, inspectedActorsMax),
    };
    return c.json(visualizer.find(search));
  });

  app.get("/inspect/actors/:id", (c) => {
    const detail = visualizer.detail(c.req.param("id"));
    return detail ? c.json(detail) : noSuchActor(c);
  });

  app.get("/inspect/charts/:file{[a-z]+\\.json}", (c) => {
    const name = c.req.param("file").slice(0, -".json".length);
    const json = machineJson(name);
    const names = machines.map(({ id }) => id).join(", ");
    if (json === undefined) return refuse(c, 404, `there is no chart "${name}": the charts are ${names}`);
    return c.body(json, 200, { "Content-Type": "application/json" });
  });

  // Nobody reads the body of a HEAD response, so a stream would never end. Do not start one.
  app.get("/inspect/actors/:id/stream", (c) => {
    const id = c.req.param("id");
    if (c.req.method === "HEAD") return visualizer.detail(id) ? c.body(null, 200, streamHeaders) : noSuchActor(c);
    return streamLines(c, parts, visualizer, (viewer) => visualizer.watch(id, viewer));
  });

  app.get("/inspect/stream", (c) => {
    const id = sought(c, "conversationId");
    if (id === undefined) return refuse(c, 400, "conversationId must name the conversation");
    if (c.req.method === "HEAD") return c.body(null, 200, streamHeaders);
    return streamLines(c, parts, visualizer, (viewer) => visualizer.watchConversation(id, viewer));
  });

  const { recorder } = visualizer.options;
  app.get("/inspect/records", (c) => (recorder ? c.json(recorder.records()) : notRecorded(c)));

  app.get("/inspect/records/:id", (c) => {
    if (!recorder) return notRecorded(c);
    const record = recorder.record(c.req.param("id"));
    return record ? c.json(record) : noSuchRecord(c);
  });

  app.get("/inspect/stately/stream", (c) => {
    if (c.req.method === "HEAD") return c.body(null, 200, streamHeaders);
    return streamLines(c, parts, visualizer, (viewer) => visualizer.watchForStately(filterOf(c), viewer));
  });
}

/** A search parameter. The page sends empty fields, which mean no restriction. */
const sought = (c: HttpContext, name: string): string | undefined => c.req.query(name) || undefined;

const noSuchActor = (c: HttpContext): Response =>
  refuse(c, 404, `no actor ${JSON.stringify(c.req.param("id"))} is alive: GET /inspect/actors lists the live ones`);

const notRecorded = (c: HttpContext): Response =>
  refuse(c, 404, "nothing is recorded: start the server with --inspect=record");

const noSuchRecord = (c: HttpContext): Response => {
  const id = JSON.stringify(c.req.param("id"));
  return refuse(c, 404, `there is no record ${id} any more: GET /inspect/records lists those that are kept`);
};

const streamHeaders = { "Content-Type": "application/x-ndjson", "X-Accel-Buffering": "no" };

function streamLines(
  c: HttpContext,
  { limits, clock, logger, streams }: HttpParts,
  { options }: Visualizer,
  begin: (viewer: Viewer) => Watching | undefined,
): Response {
  let leave: ReturnType<typeof begin>;
  let isOver = false;
  const stream: NdjsonStream = createNdjsonStream({
    unsentBytesMax: limits.unsentBytesMax,
    stallMs: limits.chatStallMs,
    clock,
    onEnd: () => {
      isOver = true;
      forget();
      if (typeof leave === "function") leave();
    },
    onTooSlow: () => {
      logger.warn("http: a reader of /inspect was too slow and was cut off", { path: c.req.path });
      c.env.outgoing.destroy();
    },
  });
  const forget = streams.add(c.var.identity, () => c.env.outgoing.destroy());
  leave = begin({
    write: (line) => stream.write(JSON.stringify(line)),
    end: () => stream.end(),
  });
  // Its first lines may already have been too many for the reader.
  if (typeof leave !== "function") forget();
  else if (isOver) leave();
  if (leave === undefined) return noSuchActor(c);
  if (leave === "full")
    return refuse(c, 429, `${options.limits.inspectStreamsMax} pages are watching, the maximum: close another one`);
  return c.body(stream.body, 200, streamHeaders);
}

const fields = {
  connection: "connectionId",
  conversation: "conversationId",
  surface: "surfaceId",
  chart: "chart",
} as const;

function filterOf(c: HttpContext): InspectionFilter {
  const filter: InspectionFilter = {};
  for (const [parameter, field] of Object.entries(fields)) {
    const value = sought(c, parameter);
    if (value !== undefined) filter[field] = value;
  }
  return filter;
}

/**
 * Without a token, refuses every peer but this machine, and every request through a proxy, because behind a proxy all
 * clients look local. With a token, the token check applies instead.
 */
function onlyFromHere({ options }: Visualizer): MiddlewareHandler<HttpEnvironment> {
  return async (c, next) => {
    if (options.hasToken) return await next();
    const passedOn = isForwarded((name) => c.req.header(name) !== undefined);
    if (!passedOn && isLoopbackAddress(c.env.incoming.socket.remoteAddress)) return await next();
    return refuse(c, 403, "/inspect is for this machine only: set TURNWIRE_TOKEN to look at it from elsewhere");
  };
}

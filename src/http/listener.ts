// Connects node:http to the HTTP API through @hono/node-server. It must never print or replace globals of the host's
// process, which are the defaults of @hono/node-server 2.1.
import type { RequestListener } from "node:http";
import { getRequestListener, RequestError } from "@hono/node-server";
import type { Logger } from "../ports/logger.ts";
import type { HttpApp } from "./context.ts";

export function createHttpListener(app: HttpApp, logger: Logger): RequestListener {
  const listener = getRequestListener((request, bindings) => app.fetch(request, bindings), {
    overrideGlobalObjects: false,
    errorHandler: (error) => {
      // The request's Host or target gives no valid URL.
      if (error instanceof RequestError)
        return Response.json({ error: `bad request: ${error.message}` }, { status: 400 });
      logger.error("http: a request failed", { cause: error instanceof Error ? error.stack : String(error) });
      return Response.json({ error: "internal error" }, { status: 500 });
    },
  });
  return (incoming, outgoing) => void listener(incoming, outgoing);
}

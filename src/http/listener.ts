// The bridge from node:http to the HTTP API. It must never print, nor replace globals of the process it is loaded into,
// both of which the bridge's defaults do (@hono/node-server 2.1).
import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener, RequestError } from "@hono/node-server";
import type { Logger } from "../ports/logger.ts";
import type { HttpApp } from "./context.ts";

export type HttpListener = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

export function createHttpListener(app: HttpApp, logger: Logger): HttpListener {
  const listener = getRequestListener((request, bindings) => app.fetch(request, bindings), {
    overrideGlobalObjects: false,
    errorHandler: (error) => {
      // A request that has no URL to speak of: broken Host, broken target.
      if (error instanceof RequestError)
        return Response.json({ error: `bad request: ${error.message}` }, { status: 400 });
      logger.error("http: a request failed", { cause: error instanceof Error ? error.stack : String(error) });
      return Response.json({ error: "internal error" }, { status: 500 });
    },
  });
  return (incoming, outgoing) => {
    void listener(incoming, outgoing);
  };
}

// The routes that are about the server and not about a conversation: models, tickets, probes, metrics (protocol 3).

import type { HttpApp, HttpParts } from "./context.ts";
import { notOffered, refuse, refuseForNow } from "./errors.ts";

/** Open to all: whoever supervises the process has no token. */
export function routeProbes(app: HttpApp, { health, limits }: HttpParts): void {
  app.get("/healthz", (c) => (health.alive() ? c.json({ alive: true }) : refuse(c, 503, "the server is not well")));
  app.get("/readyz", (c) =>
    health.ready() ? c.json({ ready: true }) : refuseForNow(c, "the server takes no new turns", limits),
  );
}

export function routeService(app: HttpApp, { conversations, access, metrics }: HttpParts): void {
  app.get("/models", (c) => {
    if (!conversations.models) return notOffered(c);
    const { models, modelInfo } = conversations.models();
    return c.json({ models, modelInfo });
  });

  app.post("/ticket", (c) => c.json(access.issueTicket(c.var.identity)));

  app.get("/metrics", async (c) => {
    if (!metrics) return notOffered(c);
    return c.body(await metrics(), 200, { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" });
  });
}

// The routes of the server as a whole: models, tickets, probes, metrics (protocol 3).
import type { HttpApp, HttpParts } from "./context.ts";
import { notOffered, refuse, refuseForNow } from "./errors.ts";

/** Open to all, because supervisors have no token. */
export function routeProbes(app: HttpApp, { health, limits }: HttpParts): void {
  app.get("/healthz", (c) => {
    if (!health.alive()) return refuse(c, 503, "the server has failed");
    // Still 200: a supervisor that restarts the process would interrupt turns that run well.
    return c.json({ alive: true, ...(health.degraded() && { degraded: true }) });
  });
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

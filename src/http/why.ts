// GET /conversations/:id/why needs read access to the conversation, GET /connections/:id/why the permission to
// administer. Both explain why something is stuck.
import { whyConnection, whyConversation } from "../diagnostics/why.ts";
import type { HttpApp, HttpParts } from "./context.ts";
import { notOffered, refuse } from "./errors.ts";
import { readId } from "./request-input.ts";

export function routeWhy(app: HttpApp, { why, limits }: HttpParts): void {
  app.get("/conversations/:id/why", (c) => {
    if (!why) return notOffered(c);
    return c.json(whyConversation(why, c.var.conversationId));
  });

  app.get("/connections/:id/why", (c) => {
    if (!why) return notOffered(c);
    const connection = readId(c, 2, limits);
    if ("refused" in connection) return connection.refused;
    const found = whyConnection(why, connection.id);
    return found
      ? c.json(found)
      : refuse(c, 404, "no such socket is open: its connectionId is in its hello, or at /inspect");
  });
}

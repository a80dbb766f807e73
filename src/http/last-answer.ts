// GET /conversations/:id/last: waits for the running turn and responds with its text (protocol 3). The subscription
// ends when the turn ends, the time is up or the client leaves.
import type { HttpApp, HttpContext, HttpParts } from "./context.ts";
import { notFound, notOffered, refuse } from "./errors.ts";
import { subscribe } from "./subscribe.ts";

export function routeLastAnswer(app: HttpApp, parts: HttpParts): void {
  const { conversations, orchestrator } = parts;
  app.get("/conversations/:id/last", async (c) => {
    if (!conversations.lastAnswer) return notOffered(c);
    const { conversationId } = c.var;
    const isSealed = !orchestrator.isActive(conversationId) || (await sealed(c, parts));
    if (!isSealed) return refuse(c, 504, "the turn is still running");
    const last = conversations.lastAnswer(conversationId);
    return last === undefined ? notFound(c) : c.json({ conversationId, ...last });
  });
}

/** Resolves to true when the running turn is sealed, to false when the client leaves or the time is up. */
function sealed(c: HttpContext, parts: HttpParts): Promise<boolean> {
  const { orchestrator, clock, limits } = parts;
  const { conversationId } = c.var;
  const { outgoing } = c.env;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const giveUp = (): void => resolve(false);
  const timer = clock.setTimeout(giveUp, limits.lastWaitMs);
  outgoing.once("close", giveUp);
  const forget = parts.streams.add(c.var.identity, () => outgoing.destroy(), conversationId);
  let unsubscribe = (): void => {};
  const release = (): void => {
    clock.clearTimeout(timer);
    outgoing.off("close", giveUp);
    forget();
    unsubscribe();
  };
  try {
    unsubscribe = subscribe(parts, conversationId, (event) => {
      if (event.type === "turn-sealed") resolve(true);
    });
    // If the turn ended between the first check and the subscription, no event would follow.
    if (!orchestrator.isActive(conversationId)) resolve(true);
  } catch (error) {
    release();
    throw error;
  }
  return promise.finally(release);
}

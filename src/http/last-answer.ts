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
async function sealed(c: HttpContext, parts: HttpParts): Promise<boolean> {
  const { orchestrator, clock, limits } = parts;
  const { conversationId } = c.var;
  const { outgoing } = c.env;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const giveUp = (): void => resolve(false);
  using cleanup = new DisposableStack();
  cleanup.adopt(clock.setTimeout(giveUp, limits.lastWaitMs), (timer) => clock.clearTimeout(timer));
  outgoing.once("close", giveUp);
  cleanup.defer(() => outgoing.off("close", giveUp));
  cleanup.defer(parts.streams.add(c.var.identity, () => outgoing.destroy(), conversationId));
  const unsubscribe = subscribe(parts, conversationId, (event) => {
    if (event.type === "turn-sealed") resolve(true);
  });
  cleanup.defer(unsubscribe);
  // If the turn ended between the first check and the subscription, no event would follow.
  if (!orchestrator.isActive(conversationId)) resolve(true);
  return await promise;
}

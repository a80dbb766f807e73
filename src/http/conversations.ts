// Reads conversations, and opens, closes, stops and compacts them (protocol 3). Reading an unknown id gives 200 and an
// empty result; open and compact refuse it.
import { isUsableId } from "../protocol/fields.ts";
import type { HttpApp, HttpParts } from "./context.ts";
import { notFound, notOffered, refuse, refuseByCode } from "./errors.ts";
import { readNumbers } from "./request-input.ts";

export function routeConversations(app: HttpApp, parts: HttpParts): void {
  routeReads(app, parts);
  routeActions(app, parts);
}

function routeReads(app: HttpApp, { conversations, orchestrator, authoriser, limits }: HttpParts): void {
  app.get("/conversations", (c) => {
    if (!conversations.list) return notOffered(c);
    const selection: { q?: string; workspaceId?: string } = {};
    for (const name of ["q", "workspaceId"] as const) {
      const text = c.req.query(name);
      // An empty search field sends `?q=`, which selects everything.
      if (text === undefined || text === "") continue;
      if (!isUsableId(text, limits)) return refuse(c, 400, `${name} must be an id or, for q, the beginning of one`);
      selection[name] = text;
    }
    const { identity } = c.var;
    const all = conversations.list(selection);
    if (authoriser.readsAreOpen) return c.json({ conversations: all });
    const readable = all.filter(({ id }) => authoriser.may(identity, "read", { conversationId: id }));
    return c.json({ conversations: readable });
  });

  app.get("/conversations/:id", (c) => {
    if (!conversations.history) return notOffered(c);
    const selection = readNumbers(c, { sinceSeq: 0, beforeSeq: 1, limit: 1 });
    if ("refused" in selection) return selection.refused;
    const { chunks, latestSeq } = conversations.history(c.var.conversationId, selection.numbers);
    return c.json({ chunks, latestSeq });
  });

  app.get("/conversations/:id/metrics", (c) => {
    if (!conversations.metrics) return notOffered(c);
    return c.json({ turns: conversations.metrics(c.var.conversationId) });
  });

  app.get("/conversations/:id/status", (c) => {
    if (!conversations.status) return notOffered(c);
    const { conversationId } = c.var;
    const isActive = orchestrator.isActive(conversationId);
    return c.json({ conversationId, isActive, status: conversations.status(conversationId) });
  });
}

function routeActions(app: HttpApp, { conversations, orchestrator, streams, limits }: HttpParts): void {
  app.post("/conversations/:id/open", (c) => {
    if (!conversations.open) return notOffered(c);
    const { conversationId } = c.var;
    return conversations.open(conversationId) ? c.json({ conversationId }) : notFound(c);
  });

  app.post("/conversations/:id/close", (c) => {
    const { conversationId } = c.var;
    return c.json({ conversationId, abortedTurn: orchestrator.closeConversation(conversationId).abortedTurn });
  });

  app.post("/conversations/:id/stop", (c) => {
    const { conversationId } = c.var;
    return c.json({ conversationId, abortedTurn: orchestrator.stopTurn(conversationId).abortedTurn });
  });

  app.post("/conversations/:id/compact", async (c) => {
    if (!conversations.compact) return notOffered(c);
    const { conversationId } = c.var;
    const forget = streams.add(c.var.identity, () => c.env.outgoing.destroy());
    const outcome = await conversations.compact(conversationId).finally(forget);
    if ("code" in outcome) return refuseByCode(c, outcome.code, outcome.message, limits);
    const { newConversationId, messagesSummarized, messagesKept } = outcome;
    return c.json({ conversationId, newConversationId, messagesSummarized, messagesKept });
  });
}

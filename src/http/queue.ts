// The queue of a conversation: a text starts a turn or waits for the running one (protocol 3; chat.queue in 1.1). It
// must never respond before the orchestrator has the text.
import type { HttpApp, HttpParts } from "./context.ts";
import { notOffered, refuseByCode, refuseTurn } from "./errors.ts";
import { readFields, readId } from "./request-input.ts";

export function routeQueue(app: HttpApp, parts: HttpParts): void {
  const { orchestrator, quota, limits, parser } = parts;
  app.post("/conversations/:id/queue", async (c) => {
    const body = await readFields(c, parts, limits.httpBodyBytesMax);
    if ("refused" in body) return body.refused;
    const { conversationId } = c.var;
    // Validated as a chat.queue. Only the body limit bounds its size; the 64 KiB of protocol 1.1 hold for sockets.
    // As on a v1 socket, but for what pairs and repeats requests there.
    const fields = { ...body.fields, id: null, idempotencyKey: null, conversationId, type: "chat.queue" };
    const parsed = parser.check(fields, 0, true);
    if ("refusal" in parsed) return refuseByCode(c, parsed.refusal.code, parsed.refusal.reply.message, limits);
    if (parsed.message.type !== "chat.queue") throw new Error("a chat.queue was read as something else");
    const { text, workspaceId, clientMessageId } = parsed.message;
    const { identity } = c.var;
    const full = orchestrator.isActive(conversationId) ? undefined : quota.refusal(identity, conversationId);
    if (full) return refuseTurn(c, conversationId, full, limits);
    const outcome = orchestrator.enqueue({
      conversationId,
      text,
      workspaceId,
      ...(clientMessageId !== undefined && { clientMessageId }),
    });
    if (outcome.started === false) return refuseTurn(c, conversationId, outcome, limits);
    if (outcome.startedTurn) quota.took(identity, conversationId);
    return c.json({ conversationId, startedTurn: outcome.startedTurn, queue: outcome.queue });
  });

  app.delete("/conversations/:id/queue/:messageId", (c) => {
    if (!orchestrator.cancelQueuedMessage) return notOffered(c);
    const message = readId(c, 4, limits);
    if ("refused" in message) return message.refused;
    const { conversationId } = c.var;
    const { cancelled, queue } = orchestrator.cancelQueuedMessage({ conversationId, messageId: message.id });
    return c.json({ conversationId, cancelled, queue });
  });
}

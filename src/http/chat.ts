// POST /chat: one turn as NDJSON, one event per line (protocol 3). The turn belongs to the conversation: a client that
// leaves or does not read loses its response, and the turn keeps running.
import { randomUUID } from "node:crypto";
import type { LoggedEvent, TurnRequest } from "../ports/orchestrator.ts";
import { baseEvent } from "../protocol/base-event.ts";
import type { ChatSend } from "../protocol/chat-send.ts";
import { objectJson } from "../protocol/json-cache.ts";
import type { HttpApp, HttpContext, HttpParts } from "./context.ts";
import { refuse, refuseByCode, refuseTurn } from "./errors.ts";
import { createNdjsonStream } from "./ndjson-stream.ts";
import { type Fields, readFields } from "./request-input.ts";
import { subscribe } from "./subscribe.ts";

export function routeChat(app: HttpApp, parts: HttpParts): void {
  app.post("/chat", async (c) => {
    // Before the body is read: who may not send must not make the server read and parse one.
    const forbidden = parts.authoriser.scopeRefusal(c.var.identity, "write");
    if (forbidden !== undefined) return refuse(c, 403, forbidden);
    const body = await readFields(c, parts, parts.limits.frameBytesMax);
    if ("refused" in body) return body.refused;
    const read = readChatSend(c, body.fields, parts);
    return "refused" in read ? read.refused : streamTurn(c, read.message, parts);
  });
}

/** The body is a chat.send without its type, with the same refusals (protocol 1.4). */
function readChatSend(c: HttpContext, fields: Fields, parts: HttpParts): { message: ChatSend } | { refused: Response } {
  const { message: text } = fields as { message?: unknown };
  const textBytesMax = parts.limits.chatTextBytesMax;
  if (typeof text === "string" && Buffer.byteLength(text) > textBytesMax)
    return { refused: refuse(c, 413, `Invalid message: \`message\` must have at most ${textBytesMax} bytes`) };
  const parsed = parts.parser.check({ ...fields, type: "chat.send" }, 0);
  if ("refusal" in parsed)
    return { refused: refuseByCode(c, parsed.refusal.code, parsed.refusal.reply.message, parts.limits) };
  if (parsed.message.type !== "chat.send") throw new Error("a chat.send was read as something else");
  return { message: parsed.message };
}

function streamTurn(c: HttpContext, message: ChatSend, parts: HttpParts): Response {
  const { orchestrator, authoriser, quota, limits, logger, clock } = parts;
  const { identity } = c.var;
  const subject = { conversationId: message.conversationId };
  // A new conversation has no content yet, so creating one needs no read access.
  const mayRead = message.conversationId === undefined ? undefined : authoriser.refusal(identity, "read", subject);
  const problem = authoriser.refusal(identity, "write", subject) ?? mayRead;
  if (problem !== undefined) return refuse(c, 403, problem);
  const conversationId = message.conversationId ?? randomUUID();
  const full = orchestrator.isActive(conversationId) ? undefined : quota.refusal(identity, conversationId);
  if (full) return refuseTurn(c, conversationId, full, limits);
  const isV1 = c.req.query("events") === "v1";
  let turnId: string | undefined;
  const early: LoggedEvent[] = [];

  const stream = createNdjsonStream({
    unsentBytesMax: limits.unsentBytesMax,
    stallMs: limits.chatStallMs,
    clock,
    onEnd: () => leave(),
    // Destroys the connection, so the reader notices that its response is incomplete.
    onTooSlow: () => {
      logger.warn("http: a reader of POST /chat was too slow and was cut off", { conversationId, turnId });
      c.env.outgoing.destroy();
    },
  });
  const forget = parts.streams.add(identity, () => c.env.outgoing.destroy(), conversationId);
  const write = (event: LoggedEvent): void => {
    if (event.turnId !== turnId) return;
    const line = parts.eventFilter(event) ? objectJson(isV1 ? event : baseEvent(event)) : undefined;
    if (line !== undefined) stream.write(line);
    if (event.type !== "turn-sealed") return;
    stream.end();
    unsubscribe();
  };
  // Subscribe before the turn starts, so that nothing is missed. A turn already running is replayed and filtered out.
  const unsubscribe = subscribe(parts, conversationId, (event) => {
    if (turnId === undefined) early.push(event);
    else write(event);
  });
  const leave = (): void => {
    forget();
    unsubscribe();
  };
  try {
    const outcome = orchestrator.startTurn(turnRequest(conversationId, message));
    if (!outcome.started) {
      leave();
      return refuseTurn(c, conversationId, outcome, limits);
    }
    quota.took(identity, conversationId);
    if (message.conversationId === undefined) authoriser.created(identity, conversationId);
    turnId = outcome.turnId;
    for (const event of early.splice(0)) write(event);
  } catch (error) {
    leave();
    throw error;
  }
  // Keeps proxies from buffering the stream.
  c.header("X-Accel-Buffering", "no");
  c.header("X-Conversation-Id", headerText(conversationId));
  return c.body(stream.body, 200, { "Content-Type": "application/x-ndjson" });
}

function turnRequest(conversationId: string, message: ChatSend): TurnRequest {
  const { message: text, model: modelName, cwd, reasoningEffort, workspaceId, computerId, images } = message;
  return { conversationId, text, modelName, cwd, reasoningEffort, workspaceId, computerId, images };
}

/** Ids may hold any Unicode, headers may not (RFC 9110 5.5), so other ids are percent-encoded. */
const headerText = (id: string): string => (/^[!-~]+$/.test(id) ? id : encodeURIComponent(id));

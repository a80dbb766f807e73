// invoke: runs a surface's action and replies when it has settled (protocol 1.1 and 2).
import type { SurfaceProvider } from "../../ports/surfaces.ts";
import type { Invoke } from "../../protocol/invoke.ts";
import { type Refusal, refusals } from "../../protocol/refusals.ts";
import type { Connection } from "../connection.ts";
import { respond } from "./replies.ts";
import type { Services } from "./services.ts";

export function invokeSurface(connection: Connection, message: Invoke, services: Services): Refusal | undefined {
  const { surfaces, authoriser, limits, logger } = services;
  const { id, surfaceId, actionId, conversationId } = message;
  const provider = surfaces.find(surfaceId);
  if (!provider) {
    const unknown = refusals.unknownSurface(surfaceId, conversationId);
    logger.warn("transport-ws: surface-op error", { surfaceId, actionId, reason: unknown.reply.message });
    return unknown;
  }
  const subject = { surfaceId, conversationId };
  const problem = administers(provider) && authoriser.refusal(connection.identity, "administer", subject);
  if (typeof problem === "string") return refusals.forbidden(message.type, problem, subject);
  if (connection.invokes >= limits.invokesPerSocketMax) {
    const text = `${connection.invokes} actions of this socket have not settled yet, the maximum: try later`;
    return refusals.tooMany(text, surfaceId, conversationId);
  }
  connection.invokes++;
  if (id !== undefined) connection.expectReply(id);
  surfaces.invoke(provider, message, (reason) => {
    connection.invokes--;
    if (id !== undefined) connection.replied(id);
    if (reason !== undefined) logger.warn("transport-ws: surface-op error", { surfaceId, actionId, reason });
    const failed = reason === undefined ? {} : refusals.surfaceFailed(surfaceId, reason, conversationId);
    respond(connection, message, failed);
  });
  return undefined;
}

/** A host's provider may be any object. One that throws here counts as administering. */
function administers(provider: SurfaceProvider): boolean {
  try {
    return provider.administers === true;
  } catch {
    return true;
  }
}

// invoke: runs a surface's action and replies when it has settled (protocol 1.1 and 2).

import type { SurfaceProvider } from "../../ports/surfaces.ts";
import type { Invoke } from "../../protocol/invoke.ts";
import { refusals } from "../../protocol/refusals.ts";
import type { Connection } from "../connection.ts";
import { refuse, succeed } from "./replies.ts";
import type { Services } from "./services.ts";

export function invokeSurface(connection: Connection, message: Invoke, services: Services): void {
  const { surfaces, authoriser, limits, logger } = services;
  const { id, surfaceId, actionId, conversationId } = message;
  const provider = surfaces.find(surfaceId);
  if (!provider) {
    refuse(connection, message, refusals.unknownSurface(surfaceId, conversationId));
    return;
  }
  const subject = { surfaceId, conversationId };
  const problem = administers(provider) && authoriser.refusal(connection.identity, "administer", subject);
  if (typeof problem === "string") {
    refuse(connection, message, refusals.forbidden(message.type, problem, subject));
    return;
  }
  if (connection.invokes >= limits.invokesPerSocketMax) {
    const text = `${connection.invokes} actions of this socket have not settled yet, the maximum: try later`;
    refuse(connection, message, refusals.tooMany(text, surfaceId, conversationId));
    return;
  }
  connection.invokes++;
  if (id !== undefined) connection.expectReply(id);
  surfaces.invoke(provider, message, (reason) => {
    connection.invokes--;
    if (id !== undefined) connection.replied(id);
    if (reason === undefined) {
      succeed(connection, message);
      return;
    }
    logger.warn("transport-ws: surface-op error", { surfaceId, actionId, reason });
    refuse(connection, message, refusals.surfaceFailed(surfaceId, reason, conversationId));
  });
}

/** A host's provider may be any object. One that throws here counts as administering. */
function administers(provider: SurfaceProvider): boolean {
  try {
    return provider.administers === true;
  } catch {
    return true;
  }
}

// The host's hooks: each payload becomes a broadcast. Must never let a senseless payload reach a client.
import * as v from "valibot";
import type { Broadcasts } from "../../ports/broadcasts.ts";
import { errorMessage, ignoreRejection } from "../../ports/guard.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Broadcast } from "../../protocol/broadcast.ts";
import type { Host } from "./host.ts";

const id = v.string();
const count = v.pipe(v.number(), v.finite());
const status = v.picklist(["active", "queued", "idle", "closed"]);

/** Each hook's handle, and how its payload becomes a broadcast. */
const hooks = [
  {
    handle: { id: "session-orchestrator/conversation-opened", kind: "event" },
    schema: v.pipe(
      v.object({ conversationId: id, workspaceId: v.nullish(id, "default") }),
      v.transform((payload): Broadcast => ({ type: "conversation.open", ...payload })),
    ),
  },
  {
    handle: { id: "session-orchestrator/conversation-status-changed", kind: "event" },
    schema: v.pipe(
      v.object({ conversationId: id, status, workspaceId: id }),
      v.transform((payload): Broadcast => ({ type: "conversation.statusChanged", ...payload })),
    ),
  },
  {
    handle: { id: "session-orchestrator/conversation-compacted", kind: "event" },
    schema: v.pipe(
      v.object({
        conversationId: id,
        newConversationId: id,
        messagesSummarized: count,
        messagesKept: count,
      }),
      v.transform((payload): Broadcast => ({ type: "conversation.compacted", ...payload })),
    ),
  },
] as const;

/** The broadcast for a hook's payload. Undefined when the payload is invalid or throws on access. */
function broadcastOf(schema: v.GenericSchema<unknown, Broadcast>, payload: unknown): Broadcast | undefined {
  try {
    const broadcast = v.safeParse(schema, payload);
    return broadcast.success ? broadcast.output : undefined;
  } catch {
    return undefined;
  }
}

export function broadcastsOf(host: Host, logger: Logger): Broadcasts {
  return {
    subscribe(listener) {
      const unsubscribes: (() => void)[] = [];
      const unsubscribe = (): void => {
        for (const off of unsubscribes) {
          try {
            ignoreRejection<unknown>(off());
          } catch (error) {
            logger.warn("transport-ws: unsubscribing from a hook failed", { reason: errorMessage(error) });
          }
        }
      };
      try {
        for (const { handle, schema } of hooks) {
          const off = host.on(handle, (payload) => {
            const broadcast = broadcastOf(schema, payload);
            if (broadcast) listener(broadcast);
            else logger.warn("transport-ws: a hook's payload was dropped", { hook: handle.id });
          });
          unsubscribes.push(ignoreRejection(off));
        }
      } catch (error) {
        unsubscribe();
        throw error;
      }
      return unsubscribe;
    },
  };
}

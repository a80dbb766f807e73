// All charts, for every suite that looks at all of them, with the event types that each of them declares.
import type { AnyStateMachine } from "xstate";
import type { ConnectionEvent } from "../../machines/connection.ts";
import type { ConversationEvent } from "../../machines/conversation.ts";
import type { GatewayEvent } from "../../machines/gateway.ts";
import type { SurfaceEvent } from "../../machines/surface.ts";
import type { TurnMachineEvent } from "../../machines/turn.ts";
import type { WatchEvent } from "../../machines/watch.ts";
import { machines } from "../../src/diagnostics/inspection/machines.ts";

export const charts: readonly AnyStateMachine[] = machines;

/** All event types of the union. The `Record` type makes the compiler reject a missing or an unknown one. */
const every = <Event extends { type: string }>(types: Record<Event["type"], true>): string[] => Object.keys(types);

/** Machine id → the types of the machine's event union. */
export const declaredEvents: Readonly<Record<string, readonly string[]>> = {
  gateway: every<GatewayEvent>({
    "gateway.listening": true,
    "gateway.drain": true,
    "gateway.hurry": true,
    "gateway.stop": true,
    "socket.opened": true,
    "socket.gone": true,
    "turns.ended": true,
    "wave.due": true,
    "conversation.failed": true,
    "broadcast.made": true,
    "catalog.changed": true,
    "xstate.done.actor.connection": true,
    "xstate.done.actor.surface": true,
    "xstate.done.actor.conversation": true,
    "xstate.error.actor.connection": true,
    "xstate.error.actor.surface": true,
    "xstate.error.actor.conversation": true,
  }),
  connection: every<ConnectionEvent>({
    subscribe: true,
    unsubscribe: true,
    invoke: true,
    "chat.send": true,
    "chat.subscribe": true,
    "chat.unsubscribe": true,
    "chat.queue": true,
    "chat.queue.cancel": true,
    "chat.cancel": true,
    ping: true,
    "socket.congested": true,
    "socket.drained": true,
    "socket.stuck": true,
    "socket.silent": true,
    "socket.broken": true,
    "socket.overdue": true,
    "socket.flooding": true,
    "access.ended": true,
    "socket.closed": true,
    "turn.opened": true,
    "turn.notOpened": true,
    "turn.over": true,
    "connection.close": true,
    "gateway.draining": true,
    "xstate.done.actor.watch": true,
    "xstate.error.actor.watch": true,
  }),
  watch: every<WatchEvent>({
    "watch.admitted": true,
    "watch.leave": true,
    "cursor.reachedEnd": true,
    "cursor.fellBehind": true,
    "socket.congested": true,
    "socket.drained": true,
    "cursor.lost": true,
  }),
  surface: every<SurfaceEvent>({
    "surface.changed": true,
    "viewer.joined": true,
    "spec.built": true,
    "spec.failed": true,
    "surface.release": true,
  }),
  conversation: every<ConversationEvent>({
    "turn.start": true,
    "turn.cancel": true,
    "turn.interrupt": true,
    "text.queue": true,
    "text.withdraw": true,
    "compaction.start": true,
    "compaction.abort": true,
    "conversation.close": true,
    "conversation.leave": true,
    "turn.opened": true,
    "turn.refused": true,
    "agent.ended": true,
    "turn.stored": true,
    "store.failed": true,
    "queue.emptied": true,
    "compaction.finished": true,
    "everyone.left": true,
  }),
  turn: every<TurnMachineEvent>({
    "agent.thinking": true,
    "agent.writing": true,
    "tools.started": true,
    "tools.finished": true,
    "retry.scheduled": true,
    "step.finished": true,
    "agent.resumed": true,
    "agent.finished": true,
    "agent.failed": true,
    "log.full": true,
    "turn.checked": true,
    "turn.cancel": true,
    "turn.interrupt": true,
  }),
};

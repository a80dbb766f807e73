// One socket, from its upgrade to its end. Must never handle a message while it is closing, and must never hold what
// the registry counts: its states are words, not numbers.
import { setup } from "xstate";
import type { ClientMessage } from "../src/protocol/client-message.ts";
import type { Meta } from "./meta.ts";

export interface ConnectionInput {
  connectionId: string;
}

/** What the data plane and the registry say of a socket. */
export type ConnectionSignal =
  | { type: "socket.congested" }
  | { type: "socket.drained" }
  | { type: "socket.stuck" }
  | { type: "socket.silent" }
  | { type: "socket.broken" }
  | { type: "socket.overdue" }
  | { type: "socket.flooding" }
  | { type: "socket.closed" }
  | { type: "watches.first" }
  | { type: "watches.none" }
  | { type: "turns.first" }
  | { type: "turns.none" }
  | { type: "access.ended" }
  | { type: "connection.close" }
  | { type: "gateway.draining" };

/** What the actors below report; their ids are constant, see src/runtime/actor-registry.ts. */
export type ConnectionChildEvent =
  | { type: "xstate.done.actor.watch"; output: unknown; actorId: string }
  | { type: "xstate.error.actor.watch"; error: unknown; actorId: string }
  | { type: "xstate.done.actor.surface-watch"; output: unknown; actorId: string }
  | { type: "xstate.error.actor.surface-watch"; error: unknown; actorId: string };

export type ConnectionEvent = ClientMessage | ConnectionSignal | ConnectionChildEvent;

export const connectionMachine = setup({
  types: {
    context: {} as ConnectionInput,
    input: {} as ConnectionInput,
    events: {} as ConnectionEvent,
    meta: {} as Meta<ConnectionEvent>,
  },
  actions: {
    watchSurface: () => {},
    unwatchSurface: () => {},
    invokeSurface: () => {},
    sendChat: () => {},
    watchConversation: () => {},
    unwatchConversation: () => {},
    queueText: () => {},
    cancelQueuedText: () => {},
    cancelTurn: () => {},
    answerPing: () => {},
    holdBack: () => {},
    catchUp: () => {},
    closeAsAsked: () => {},
    closeSlow: () => {},
    closeSilent: () => {},
    closeFlooding: () => {},
    closeRevoked: () => {},
    closeRestarting: () => {},
    closeDefect: () => {},
    leaveEverything: () => {},
    cutSocket: () => {},
  },
}).createMachine({
  id: "connection",
  description: "One socket: open until somebody closes it, closing until the peer has said so too, then closed.",
  context: ({ input }) => ({ connectionId: input.connectionId }),
  initial: "open",
  on: { "socket.closed": ".closed" },
  states: {
    open: {
      description: "The socket is heard, whatever it can take: a congested one is still obeyed.",
      type: "parallel",
      meta: {
        ignores: ["xstate.done.actor.watch", "xstate.done.actor.surface-watch"],
        // The sweep says so only of a socket whose end has been written.
        neverGets: ["socket.overdue"],
      },
      on: {
        subscribe: { actions: "watchSurface" },
        unsubscribe: { actions: "unwatchSurface" },
        invoke: { actions: "invokeSurface" },
        "chat.send": { actions: "sendChat" },
        "chat.subscribe": { actions: "watchConversation" },
        "chat.unsubscribe": { actions: "unwatchConversation" },
        "chat.queue": { actions: "queueText" },
        "chat.queue.cancel": { actions: "cancelQueuedText" },
        "chat.cancel": { actions: "cancelTurn" },
        ping: { actions: "answerPing" },
        "connection.close": "closing.asked",
        "socket.stuck": "closing.slow",
        "socket.silent": "closing.silent",
        "socket.flooding": "closing.flooding",
        "socket.broken": "closing.refused",
        "access.ended": "closing.revoked",
        "gateway.draining": "closing.draining",
        "xstate.error.actor.watch": "closing.defect",
        "xstate.error.actor.surface-watch": "closing.defect",
      },
      states: {
        flow: {
          description: "Does the peer take what it is given?",
          initial: "flowing",
          states: {
            flowing: {
              description: "Little of what was written is without a receipt.",
              on: { "socket.congested": "congested" },
              meta: { neverGets: ["socket.drained"] },
            },
            congested: {
              description:
                "Too much is on its way without a receipt: nothing of a turn is written until it has drained.",
              entry: "holdBack",
              on: { "socket.drained": { target: "flowing", actions: "catchUp" } },
              meta: { neverGets: ["socket.congested"] },
            },
          },
        },
        subscription: {
          description: "Does it watch anything?",
          initial: "none",
          states: {
            none: {
              description: "Only broadcasts reach it.",
              on: { "watches.first": "some" },
              meta: { neverGets: ["watches.none"] },
            },
            some: {
              description: "It watches conversations or surfaces.",
              on: { "watches.none": "none" },
              meta: { neverGets: ["watches.first"] },
            },
          },
        },
        chatTurn: {
          description: "Is a turn of this socket's making requested or running?",
          initial: "quiet",
          states: {
            quiet: {
              description: "No turn is owed to it.",
              on: { "turns.first": "asking" },
              meta: { neverGets: ["turns.none"] },
            },
            asking: {
              description: "A turn it asked for is not sealed yet.",
              on: { "turns.none": "quiet" },
              meta: { neverGets: ["turns.first"] },
            },
          },
        },
      },
    },
    closing: {
      description:
        "Our close frame is out, nothing more is handled or sent; the sweep cuts a peer that does not answer it.",
      entry: "leaveEverything",
      meta: {
        // What was found or asked for before the end and is heard after it; one way to close is as good as another.
        ignores: [
          "access.ended",
          "connection.close",
          "gateway.draining",
          "socket.broken",
          "socket.congested",
          "socket.drained",
          "socket.flooding",
          "socket.silent",
          "socket.stuck",
          "turns.first",
          "turns.none",
          "watches.first",
          "watches.none",
          "xstate.done.actor.surface-watch",
          "xstate.done.actor.watch",
        ],
        // The socket's side hands no message in once its end has been written.
        neverGets: [
          "subscribe",
          "unsubscribe",
          "invoke",
          "chat.send",
          "chat.subscribe",
          "chat.unsubscribe",
          "chat.queue",
          "chat.queue.cancel",
          "chat.cancel",
          "ping",
        ],
      },
      on: {
        "socket.overdue": { actions: "cutSocket" },
        // Heard, and nothing more to do: an error of a child that nobody hears would end this actor too.
        "xstate.error.actor.watch": {},
        "xstate.error.actor.surface-watch": {},
      },
      initial: "asked",
      states: {
        asked: { description: "The process asked for it.", entry: "closeAsAsked" },
        slow: { description: "It did not read: 4001.", entry: "closeSlow" },
        silent: { description: "It gave no sign of life: 4002.", entry: "closeSilent" },
        flooding: { description: "It kept asking faster than it may: 4003.", entry: "closeFlooding" },
        revoked: { description: "Its token is not good any more: 4502.", entry: "closeRevoked" },
        draining: { description: "The server is about to stop: 1012.", entry: "closeRestarting" },
        refused: { description: "It broke the WebSocket protocol; ws has sent the RFC's own code." },
        defect: { description: "Something of ours broke for this socket: 1011.", entry: "closeDefect" },
      },
    },
    closed: {
      description: "The TCP connection is gone and everything of it is released.",
      entry: "leaveEverything",
      type: "final",
    },
  },
});

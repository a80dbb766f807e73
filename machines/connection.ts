// One socket, from its upgrade to its end. It must never handle a message while it is closing, and must never count:
// the connection counts watches and turns and reports only the first and the last.
import { setup } from "xstate";
import type { ClientMessage } from "../src/protocol/client-message.ts";
import type { Meta } from "./meta.ts";

export interface ConnectionInput {
  connectionId: string;
}

/** What the socket writer, the sweep and the connection report about a socket. */
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

/** How child actors end. Their ids are constant; see src/runtime/actor-registry.ts. */
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
  description: "One socket: open until one side closes it, closing until the peer has answered, then closed.",
  context: ({ input }) => ({ connectionId: input.connectionId }),
  initial: "open",
  on: { "socket.closed": ".closed" },
  states: {
    open: {
      description: "Requests are handled, even while the socket is congested.",
      type: "parallel",
      meta: {
        ignores: ["xstate.done.actor.watch", "xstate.done.actor.surface-watch"],
        // The sweep sends it only after our close frame has been written.
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
          description: "Does the peer read fast enough?",
          initial: "flowing",
          states: {
            flowing: {
              description: "Few of the bytes written are unacknowledged.",
              on: { "socket.congested": "congested" },
              meta: { neverGets: ["socket.drained"] },
            },
            congested: {
              description: "Too many bytes are unacknowledged; turn events wait until the socket has drained.",
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
          description: "Is a turn that this socket asked for requested or running?",
          initial: "quiet",
          states: {
            quiet: {
              description: "It has no unsealed turn.",
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
        "Our close frame is out and nothing more is handled or sent; the sweep cuts a peer that does not answer.",
      entry: "leaveEverything",
      meta: {
        // Sent before the close and delivered after it. The first reason to close wins.
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
        // The transport delivers no message after the close frame has been written.
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
        // Handled here because an unhandled error of a child would end this actor too.
        "xstate.error.actor.watch": {},
        "xstate.error.actor.surface-watch": {},
      },
      initial: "asked",
      states: {
        asked: { description: "The process asked for it.", entry: "closeAsAsked" },
        slow: { description: "It did not read: 4001.", entry: "closeSlow" },
        silent: { description: "It sent nothing for too long: 4002.", entry: "closeSilent" },
        flooding: { description: "It kept sending requests too fast: 4003.", entry: "closeFlooding" },
        revoked: { description: "Its token is no longer valid: 4502.", entry: "closeRevoked" },
        draining: { description: "The server is about to stop: 1012.", entry: "closeRestarting" },
        refused: { description: "It broke the WebSocket protocol; ws has sent the RFC's own code." },
        defect: { description: "An actor of this socket failed: 1011.", entry: "closeDefect" },
      },
    },
    closed: {
      description: "The TCP connection is gone and everything it held is released.",
      entry: "leaveEverything",
      type: "final",
    },
  },
});

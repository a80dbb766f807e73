// One socket, from its upgrade to its end. Its subscriptions are its children, each with its own chart (watch.ts). It
// must never handle a message while it is closing.
import { setup } from "xstate";
import type { ClientMessage } from "../src/protocol/client-message.ts";
import type { Meta } from "./meta.ts";
import type { WatchOutput } from "./watch.ts";

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
  // A turn that this socket asked for is sealed, or the socket no longer watches it.
  | { type: "turn.over" }
  | { type: "access.ended" }
  | { type: "connection.close" }
  | { type: "gateway.draining" };

/** How child actors end. Their ids are constant; see src/runtime/actor-registry.ts. */
export type ConnectionChildEvent =
  | { type: "xstate.done.actor.watch"; output: WatchOutput; actorId: string }
  | { type: "xstate.error.actor.watch"; error: unknown; actorId: string };

type Request<Type extends ClientMessage["type"]> = Extract<ClientMessage, { type: Type }>;

/** What a request that may begin a turn is answered. Undefined when it was answered already. */
export interface TurnAnswer {
  request: Request<"chat.send" | "chat.queue">;
  answer: object | undefined;
}

/** What the orchestrator answers; where it is a host's, its port speaks for it. */
export type OrchestratorAnswer = ({ type: "turn.opened" } & TurnAnswer) | ({ type: "turn.notOpened" } & TurnAnswer);

export type ConnectionEvent = ClientMessage | ConnectionSignal | ConnectionChildEvent | OrchestratorAnswer;

export const connectionMachine = setup({
  types: {
    context: {} as ConnectionInput,
    input: {} as ConnectionInput,
    events: {} as ConnectionEvent,
    meta: {} as Meta<ConnectionEvent>,
  },
  actions: {
    watchSurface: (_, _message: Request<"subscribe">) => {},
    unwatchSurface: (_, _message: Request<"unsubscribe">) => {},
    invokeSurface: (_, _message: Request<"invoke">) => {},
    sendChat: (_, _message: Request<"chat.send">) => {},
    watchConversation: (_, _message: Request<"chat.subscribe">) => {},
    unwatchConversation: (_, _message: Request<"chat.unsubscribe">) => {},
    queueText: (_, _message: Request<"chat.queue">) => {},
    cancelQueuedText: (_, _message: Request<"chat.queue.cancel">) => {},
    cancelTurn: (_, _message: Request<"chat.cancel">) => {},
    answerPing: (_, _message: Request<"ping">) => {},
    answer: (_, _answer: TurnAnswer) => {},
    holdWatches: () => {},
    releaseWatches: () => {},
    updateSurfaces: () => {},
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
  guards: {
    isLost: (_, { isLost }: WatchOutput) => isLost,
    hasOwnTurn: () => false,
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
        // The sweep sends it only after our close frame has been written.
        neverGets: ["socket.overdue"],
      },
      on: {
        subscribe: { actions: { type: "watchSurface", params: ({ event }) => event } },
        unsubscribe: { actions: { type: "unwatchSurface", params: ({ event }) => event } },
        invoke: { actions: { type: "invokeSurface", params: ({ event }) => event } },
        "chat.subscribe": { actions: { type: "watchConversation", params: ({ event }) => event } },
        "chat.unsubscribe": { actions: { type: "unwatchConversation", params: ({ event }) => event } },
        "chat.queue.cancel": { actions: { type: "cancelQueuedText", params: ({ event }) => event } },
        "chat.cancel": { actions: { type: "cancelTurn", params: ({ event }) => event } },
        ping: { actions: { type: "answerPing", params: ({ event }) => event } },
        "connection.close": "closing.because.asked",
        "socket.stuck": "closing.because.slow",
        "socket.silent": "closing.because.silent",
        "socket.flooding": "closing.because.flooding",
        "socket.broken": "closing.because.refused",
        "access.ended": "closing.because.revoked",
        "gateway.draining": "closing.because.draining",
        "xstate.done.actor.watch": [
          { guard: { type: "isLost", params: ({ event }) => event.output }, target: "closing.because.slow" },
          {},
        ],
        "xstate.error.actor.watch": "closing.because.defect",
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
              entry: "holdWatches",
              on: { "socket.drained": { target: "flowing", actions: ["releaseWatches", "updateSurfaces"] } },
              meta: { neverGets: ["socket.congested"] },
            },
          },
        },
        chatTurn: {
          description: "Is a turn that this socket asked for requested or running?",
          initial: "quiet",
          on: {
            "chat.send": { target: ".asking", actions: { type: "sendChat", params: ({ event }) => event } },
            "chat.queue": { target: ".asking", actions: { type: "queueText", params: ({ event }) => event } },
            "turn.opened": { target: ".running", actions: { type: "answer", params: ({ event }) => event } },
            "turn.notOpened": [
              { guard: "hasOwnTurn", target: ".running", actions: { type: "answer", params: ({ event }) => event } },
              { target: ".quiet", actions: { type: "answer", params: ({ event }) => event } },
            ],
          },
          states: {
            quiet: {
              description: "It has no unsealed turn of its own.",
              meta: { ignores: ["turn.over"] },
            },
            asking: {
              description: "A request that may begin a turn waits for the orchestrator's answer.",
              // Told only after the call in which the answer comes.
              meta: { neverGets: ["turn.over"] },
            },
            running: {
              description: "A turn that it asked for is not sealed yet.",
              on: { "turn.over": [{ guard: "hasOwnTurn" }, { target: "quiet" }] },
            },
          },
        },
      },
    },
    closing: {
      description: "Our close frame is out and nothing more is handled or sent.",
      type: "parallel",
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
          "turn.notOpened",
          "turn.opened",
          "turn.over",
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
        // Handled here because an unhandled error of a child would end this actor too.
        "xstate.error.actor.watch": {},
      },
      states: {
        because: {
          description: "Why is it being closed? The first reason wins.",
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
        farewell: {
          description: "Does the peer answer our close frame?",
          initial: "told",
          states: {
            told: {
              description: "It has closingMs to answer.",
              on: { "socket.overdue": "cut" },
            },
            cut: {
              description: "It has not answered, and its TCP connection is being cut.",
              entry: "cutSocket",
              meta: { ignores: ["socket.overdue"] },
            },
          },
        },
      },
    },
    closed: {
      description: "The TCP connection is gone and everything it held is released.",
      entry: "leaveEverything",
      type: "final",
    },
  },
});

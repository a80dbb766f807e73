// The root actor: it takes sockets while there is room, follows how every actor below it ends, fans out broadcasts, and
// stops in steps: the turns end, the sockets are closed, then what is left. It must never fail because of an actor that
// it supervises, and must never stop before its last child.
import { setup } from "xstate";
import type { Broadcast } from "../src/protocol/broadcast.ts";
import type { Meta } from "./meta.ts";

type Kind = "connection" | "surface" | "conversation";

export interface DrainNotice {
  /** How long running turns may go on. */
  deadlineMs: number;
  reconnectAfterMs: number;
}

export type GatewayEvent =
  | { type: "gateway.listening" }
  | ({ type: "gateway.drain" } & DrainNotice)
  | { type: "gateway.hurry" }
  | { type: "gateway.stop" }
  // The number of an upgraded socket.
  | { type: "socket.opened"; offer: number }
  | { type: "socket.gone" }
  | { type: "turns.ended" }
  // The next sockets are to be closed.
  | { type: "wave.due" }
  | { type: "broadcast.made"; broadcast: Broadcast }
  | { type: "catalog.changed" }
  // Every actor of a kind has the same id, because XState 5.33 keeps 328 bytes for each type of event that an actor has
  // ever got. Which conversation has failed is told by conversation.failed.
  | { type: `xstate.done.actor.${Kind}`; output: unknown; actorId: string }
  | { type: `xstate.error.actor.${Kind}`; error: unknown; actorId: string }
  | { type: "conversation.failed"; conversationId: string; isFirst: boolean; isNeeded: boolean };

type Failed = Extract<GatewayEvent, { type: "conversation.failed" }>;

export const gatewayMachine = setup({
  types: {
    events: {} as GatewayEvent,
    meta: {} as Meta<GatewayEvent>,
    tags: {} as "takesTurns" | "full" | "turnsAreOver" | "drained" | "degraded",
  },
  actions: {
    adopt: (_, _offer: number) => {},
    turnAway: (_, _offer: number) => {},
    fanOut: (_, _broadcast: Broadcast) => {},
    announceCatalog: () => {},
    announceDraining: (_, _notice: DrainNotice) => {},
    endTurns: (_, _deadlineMs: number) => {},
    planWaves: () => {},
    closeWave: () => {},
    hurryWaves: () => {},
    noteDefect: () => {},
    restartConversation: (_, _conversationId: string) => {},
    giveUpConversation: (_, _conversationId: string) => {},
    cutSockets: () => {},
    endSurfaces: () => {},
    endFeeds: () => {},
    closePorts: () => {},
  },
  guards: {
    isLastPlace: () => false,
    isLastWave: () => true,
    noSocketIsLeft: () => false,
    noChildIsLeft: () => true,
    defectsAreMany: () => false,
    mayRestart: (_, { isFirst, isNeeded }: Failed) => isFirst && isNeeded,
  },
  delays: { degradedTime: 60_000 },
}).createMachine({
  id: "gateway",
  description: "The server as a whole: it boots, listens while there is room, drains and stops after its last child.",
  initial: "up",
  on: {
    "broadcast.made": { actions: { type: "fanOut", params: ({ event }) => event.broadcast } },
    "catalog.changed": { actions: "announceCatalog" },
    "socket.opened": { actions: { type: "turnAway", params: ({ event }) => event.offer } },
    "conversation.failed": [
      {
        guard: { type: "mayRestart", params: ({ event }) => event },
        actions: { type: "restartConversation", params: ({ event }) => event.conversationId },
      },
      { actions: { type: "giveUpConversation", params: ({ event }) => event.conversationId } },
    ],
  },
  states: {
    up: {
      description: "The actors below it live.",
      type: "parallel",
      on: { "gateway.stop": "stopping" },
      meta: {
        ignores: ["xstate.done.actor.connection", "xstate.done.actor.surface", "xstate.done.actor.conversation"],
      },
      states: {
        service: {
          description: "What does it do for clients?",
          initial: "booting",
          states: {
            booting: {
              description: "Ports are being opened; no socket is accepted yet.",
              on: { "gateway.listening": "listening" },
              tags: "takesTurns",
              meta: { neverGets: ["gateway.drain", "gateway.hurry", "turns.ended", "wave.due", "socket.gone"] },
            },
            listening: {
              description: "Sockets come and go.",
              tags: "takesTurns",
              on: {
                "gateway.drain": {
                  target: "draining",
                  actions: [
                    { type: "announceDraining", params: ({ event }) => event },
                    { type: "endTurns", params: ({ event }) => event.deadlineMs },
                  ],
                },
              },
              meta: { neverGets: ["gateway.listening", "gateway.hurry", "turns.ended", "wave.due"] },
              initial: "roomy",
              states: {
                roomy: {
                  description: "A new socket is adopted.",
                  on: {
                    "socket.opened": [
                      {
                        guard: "isLastPlace",
                        target: "full",
                        actions: { type: "adopt", params: ({ event }) => event.offer },
                      },
                      { actions: { type: "adopt", params: ({ event }) => event.offer } },
                    ],
                  },
                  meta: { ignores: ["socket.gone"] },
                },
                full: {
                  description: "socketsMax sockets are open; new ones are turned away.",
                  tags: "full",
                  on: { "socket.gone": "roomy" },
                },
              },
            },
            draining: {
              description: "A stop was requested: no new sockets and no new turns.",
              meta: { neverGets: ["gateway.listening", "gateway.drain"] },
              initial: "turnsEnd",
              states: {
                turnsEnd: {
                  description: "Running turns may finish until the deadline; a second request to stop ends them.",
                  on: {
                    "turns.ended": "goodbyes",
                    "gateway.hurry": { actions: [{ type: "endTurns", params: 0 }, "hurryWaves"] },
                  },
                  meta: { ignores: ["socket.gone"], neverGets: ["wave.due"] },
                },
                goodbyes: {
                  description: "Every turn is sealed; the sockets are being closed with 1012, in waves.",
                  tags: "turnsAreOver",
                  entry: "planWaves",
                  on: {
                    "wave.due": [
                      { guard: "isLastWave", target: "socketsLeave", actions: "closeWave" },
                      { actions: "closeWave" },
                    ],
                    "gateway.hurry": { actions: "hurryWaves" },
                  },
                  // Asked twice to end the turns, the ports answer twice.
                  meta: { ignores: ["socket.gone", "turns.ended"] },
                },
                socketsLeave: {
                  description: "Every socket has been told; the last ones close or are cut.",
                  tags: "turnsAreOver",
                  // Asked again after each event.
                  always: { guard: "noSocketIsLeft", target: "drained" },
                  meta: { ignores: ["gateway.hurry", "turns.ended", "wave.due", "socket.gone"] },
                },
                drained: {
                  description: "Every socket is gone.",
                  tags: ["turnsAreOver", "drained"],
                  meta: { ignores: ["gateway.hurry", "turns.ended", "wave.due", "socket.gone"] },
                },
              },
            },
          },
        },
        health: {
          description: "How often do its actors fail?",
          initial: "sound",
          states: {
            sound: {
              description: "Actors fail seldom, if ever.",
              on: {
                "xstate.error.actor.connection": [
                  { guard: "defectsAreMany", target: "degraded" },
                  { actions: "noteDefect" },
                ],
                "xstate.error.actor.surface": [
                  { guard: "defectsAreMany", target: "degraded" },
                  { actions: "noteDefect" },
                ],
                "xstate.error.actor.conversation": [
                  { guard: "defectsAreMany", target: "degraded" },
                  { actions: "noteDefect" },
                ],
              },
            },
            degraded: {
              tags: "degraded",
              description: "Actors fail too often; /healthz says so until no other has failed for a minute.",
              after: { degradedTime: "sound" },
              on: {
                "xstate.error.actor.connection": { target: "degraded", reenter: true },
                "xstate.error.actor.surface": { target: "degraded", reenter: true },
                "xstate.error.actor.conversation": { target: "degraded", reenter: true },
              },
            },
          },
        },
      },
    },
    stopping: {
      description: "The actors that are left are being ended.",
      tags: ["turnsAreOver", "drained"],
      entry: ["cutSockets", "endSurfaces", "endFeeds", "closePorts"],
      // Asked again after each event, so also when a child has ended.
      always: { guard: "noChildIsLeft", target: "stopped" },
      on: {
        // Handled here because an unhandled error of a child would end this actor too.
        "xstate.error.actor.connection": {},
        "xstate.error.actor.surface": {},
        "xstate.error.actor.conversation": {},
      },
      meta: {
        ignores: [
          "gateway.drain",
          "gateway.hurry",
          "gateway.listening",
          "gateway.stop",
          "wave.due",
          "socket.gone",
          "turns.ended",
          "xstate.done.actor.connection",
          "xstate.done.actor.conversation",
          "xstate.done.actor.surface",
        ],
      },
    },
    stopped: {
      description: "Nothing is left.",
      tags: ["turnsAreOver", "drained"],
      type: "final",
    },
  },
});

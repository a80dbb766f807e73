// One socket watching one conversation: a cursor that catches up, lives, lags and catches up again, and beside it the
// conversation's turn as this socket sees it. Must never hear a delta: those are bytes and pass beside it.
import { setup } from "xstate";
import type { Meta } from "./meta.ts";

export interface WatchInput {
  connectionId: string;
  conversationId: string;
  /** Tells this watch from an earlier one of the same socket. */
  instance: number;
}

export type WatchEvent =
  | { type: "watch.admitted" }
  | { type: "watch.leave" }
  | { type: "cursor.reachedEnd" }
  | { type: "cursor.fellBehind" }
  | { type: "socket.congested" }
  | { type: "socket.drained" }
  | { type: "turn.requested" }
  | { type: "turn.refused" }
  | { type: "turn.began" }
  | { type: "turn.sealed" };

export const watchMachine = setup({
  types: {
    context: {} as WatchInput,
    input: {} as WatchInput,
    events: {} as WatchEvent,
    meta: {} as Meta<WatchEvent>,
  },
  actions: {
    askAdmission: () => {},
    catchUp: () => {},
    joinLive: () => {},
    leaveLive: () => {},
    noteAsked: () => {},
    noteSettled: () => {},
  },
}).createMachine({
  id: "watch",
  description: "A socket watches a conversation until it leaves; turns come and go meanwhile.",
  context: ({ input }) => input,
  initial: "watching",
  states: {
    watching: {
      description: "The subscription outlives turns.",
      type: "parallel",
      on: { "watch.leave": "left" },
      states: {
        cursor: {
          description: "How far the socket has been written to.",
          initial: "joining",
          states: {
            joining: {
              description: "Waiting to be let in: many joiners at once are admitted in slices.",
              entry: "askAdmission",
              on: { "watch.admitted": "catchingUp", "socket.congested": "lagging" },
              // The socket may have drained from what was before this watch.
              meta: { ignores: ["socket.drained"], neverGets: ["cursor.reachedEnd", "cursor.fellBehind"] },
            },
            catchingUp: {
              description: "Written to in slices from the log, neighbouring text joined, until the log's end.",
              entry: "catchUp",
              on: { "cursor.reachedEnd": "live", "socket.congested": "lagging" },
              // It may have been admitted, or have fallen behind, before it lagged.
              meta: { ignores: ["watch.admitted", "cursor.fellBehind", "socket.drained"] },
            },
            live: {
              description: "In the live set: every flush goes to it as it is.",
              entry: "joinLive",
              exit: "leaveLive",
              on: { "cursor.fellBehind": "catchingUp", "socket.congested": "lagging" },
              meta: { ignores: ["watch.admitted", "cursor.reachedEnd", "socket.drained"] },
            },
            lagging: {
              description: "The socket is congested: nothing is queued for it, its cursor stays where it is.",
              on: { "socket.drained": "catchingUp" },
              // What the cursor found before it lagged is heard after; and both the socket and the watch say congested.
              meta: { ignores: ["watch.admitted", "cursor.reachedEnd", "cursor.fellBehind", "socket.congested"] },
            },
          },
        },
        turn: {
          description: "The conversation's turn as this socket sees it.",
          initial: "idle",
          states: {
            idle: {
              description: "No turn runs.",
              on: { "turn.requested": "requested", "turn.began": "generating" },
              // A host may seal what it never began, and refuse what it has begun.
              meta: { ignores: ["turn.refused", "turn.sealed"] },
            },
            requested: {
              description: "This socket has asked for a turn and its first event is not out.",
              entry: "noteAsked",
              on: {
                "turn.began": "generating",
                "turn.refused": { target: "idle", actions: "noteSettled" },
                "turn.sealed": { target: "idle", actions: "noteSettled" },
              },
              // A host may accept two turns at once.
              meta: { ignores: ["turn.requested"] },
            },
            generating: {
              description: "A turn runs, whoever asked for it.",
              on: { "turn.sealed": { target: "idle", actions: "noteSettled" } },
              // A host may accept, refuse or begin another turn before this one is sealed.
              meta: { ignores: ["turn.requested", "turn.refused", "turn.began"] },
            },
          },
        },
      },
    },
    left: {
      description: "The socket has unsubscribed or gone; nothing more of this conversation is sent to it.",
      type: "final",
    },
  },
});

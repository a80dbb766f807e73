// One socket watching one conversation: a cursor that catches up, goes live, lags and catches up again, and in parallel
// the conversation's turn as this socket sees it. It must never receive a delta; those go to the socket as bytes.
import { setup } from "xstate";
import type { Meta } from "./meta.ts";

export interface WatchInput {
  connectionId: string;
  conversationId: string;
  /** Distinguishes this watch from an earlier one by the same socket. */
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
  description: "A socket watches a conversation, over any number of turns, until it leaves.",
  context: ({ input }) => input,
  initial: "watching",
  states: {
    watching: {
      description: "The subscription does not end with a turn.",
      type: "parallel",
      on: { "watch.leave": "left" },
      states: {
        cursor: {
          description: "How much of the log has been written to the socket.",
          initial: "joining",
          states: {
            joining: {
              description: "Waiting for admission; when many join at once, they are admitted in batches.",
              entry: "askAdmission",
              on: { "watch.admitted": "catchingUp", "socket.congested": "lagging" },
              // The socket may drain bytes that were written before this watch began.
              meta: { ignores: ["socket.drained"], neverGets: ["cursor.reachedEnd", "cursor.fellBehind"] },
            },
            catchingUp: {
              description: "The log is written in slices, with adjacent text joined, until its end is reached.",
              entry: "catchUp",
              on: { "cursor.reachedEnd": "live", "socket.congested": "lagging" },
              // Sent before the watch lagged and delivered after it.
              meta: { ignores: ["watch.admitted", "cursor.fellBehind", "socket.drained"] },
            },
            live: {
              description: "In the live set: every flush is written to it unchanged.",
              entry: "joinLive",
              exit: "leaveLive",
              on: { "cursor.fellBehind": "catchingUp", "socket.congested": "lagging" },
              meta: { ignores: ["watch.admitted", "cursor.reachedEnd", "socket.drained"] },
            },
            lagging: {
              description: "The socket is congested: nothing is queued for it and its cursor does not move.",
              on: { "socket.drained": "catchingUp" },
              // Events of the cursor may arrive late; both the socket and the watch report congestion.
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
              // A host may seal a turn that it never began, or refuse one that it has begun.
              meta: { ignores: ["turn.refused", "turn.sealed"] },
            },
            requested: {
              description: "This socket has asked for a turn whose first event is not out yet.",
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
              description: "A turn runs, from whichever client.",
              on: { "turn.sealed": { target: "idle", actions: "noteSettled" } },
              // A host may accept, refuse or begin another turn before this one is sealed.
              meta: { ignores: ["turn.requested", "turn.refused", "turn.began"] },
            },
          },
        },
      },
    },
    left: {
      description: "The socket has unsubscribed or closed; nothing more of this conversation is sent to it.",
      type: "final",
    },
  },
});

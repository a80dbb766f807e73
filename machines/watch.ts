// One socket watching one conversation: a cursor that catches up, goes live, lags and catches up again. It must never
// receive a delta, nor the beginning and end of a turn; those go to the socket as bytes.
import { setup } from "xstate";
import type { Meta } from "./meta.ts";

export interface WatchInput {
  connectionId: string;
  conversationId: string;
  /** Distinguishes this watch from an earlier one by the same socket. */
  instance: number;
}

export interface WatchOutput {
  /** The events that the socket needs next are no longer in the log. */
  isLost: boolean;
}

export type WatchEvent =
  | { type: "watch.admitted" }
  | { type: "watch.leave" }
  | { type: "cursor.reachedEnd" }
  | { type: "cursor.fellBehind" }
  | { type: "cursor.lost" }
  | { type: "socket.congested" }
  | { type: "socket.drained" };

export const watchMachine = setup({
  types: {
    context: {} as WatchInput,
    input: {} as WatchInput,
    events: {} as WatchEvent,
    meta: {} as Meta<WatchEvent>,
    output: {} as WatchOutput,
  },
  actions: {
    askAdmission: () => {},
    catchUp: () => {},
    joinLive: () => {},
    leaveLive: () => {},
  },
}).createMachine({
  id: "watch",
  description: "A socket watches a conversation, over any number of turns, until it leaves or is lost.",
  context: ({ input }) => input,
  output: ({ event }) => event.output as WatchOutput,
  initial: "joining",
  on: { "watch.leave": ".left", "cursor.lost": ".lost" },
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
    left: {
      description: "The socket has unsubscribed or closed; nothing more of this conversation is sent to it.",
      type: "final",
      output: { isLost: false },
    },
    lost: {
      description: "The events that it needs next were shed; its socket is closed, so that its client resumes anew.",
      type: "final",
      output: { isLost: true },
    },
  },
});

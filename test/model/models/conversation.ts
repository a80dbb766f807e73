// A conversation as people see it, on a server that stops, crashes and starts again, and whose disk may be full. It is
// not the chart of machines/conversation.ts: it knows who watches, what is queued and what the disk does, and defines
// in each state what a request must lead to. Small on purpose: one person, at most one queued text.
import { assign, setup } from "xstate";

export interface ConversationFacts {
  /** The store has the conversation. */
  known: boolean;
  /** The person has subscribed. */
  watched: boolean;
  closed: boolean;
  /** A text is queued. */
  waits: boolean;
  /** The queued text came during a compaction. */
  cameMeanwhile: boolean;
  /** The server went down with a turn that was not sealed. */
  unsealed: boolean;
  diskIsFull: boolean;
  /** The server takes no new turns. */
  refuses: boolean;
}

export type ConversationModelEvent =
  | { type: "person.sends" }
  | { type: "person.queues" }
  | { type: "person.queuesOverHttp" }
  | { type: "person.withdraws" }
  | { type: "person.cancels" }
  | { type: "person.cancelsAnother" }
  | { type: "person.stopsOverHttp" }
  | { type: "person.closes" }
  | { type: "person.compacts" }
  | { type: "person.watches" }
  | { type: "person.leaves" }
  | { type: "agent.finishes" }
  | { type: "agent.leaves" }
  | { type: "agent.sumsUp" }
  | { type: "agent.failsToSumUp" }
  | { type: "stopTime.passes" }
  | { type: "summaryTime.passes" }
  | { type: "retryPause.passes" }
  | { type: "disk.fills" }
  | { type: "disk.frees" }
  | { type: "defect.inTurn" }
  | { type: "defect.inSeal" }
  | { type: "server.refuses" }
  | { type: "server.accepts" }
  | { type: "server.crashes" }
  | { type: "server.stops" }
  | { type: "server.endsAtOnce" }
  | { type: "server.starts" };

/** What the end of a turn leads to. */
const sealed = [
  { guard: "diskIsFull", target: "#sealing" },
  { guard: "textCarriesOver", target: "#generating", actions: "begin" },
  { target: "#resting", actions: "forgetTurn" },
] as const;

/** What the end of a compaction leads to, whether it succeeded or failed. */
const compacted = [
  { guard: "textOpensTurn", target: "#generating", actions: "begin" },
  { target: "#resting", actions: "forgetTurn" },
] as const;

/**
 * The server goes down: with a drain, without one (as an embedder may end it), or by a crash. Whether it leaves a turn
 * unsealed depends on that, and on what is running.
 */
const withTurn = {
  "server.crashes": { guard: "refusesNothing", target: "#down", actions: ["goDown", "leaveUnsealed"] },
  "server.stops": [
    { guard: "stopIsNotStored", target: "#down", actions: ["goDown", "leaveUnsealed"] },
    { guard: "isWatched", target: "#down", actions: "goDown" },
  ],
  "server.endsAtOnce": { guard: "endIsStored", target: "#down", actions: "goDown" },
} as const;

const withoutTurn = {
  "server.crashes": { guard: "isKnownAndWatched", target: "#down", actions: "goDown" },
  "server.stops": { guard: "isKnownAndWatched", target: "#down", actions: "goDown" },
} as const;

export const conversationModel = setup({
  types: { context: {} as ConversationFacts, events: {} as ConversationModelEvent },
  actions: {
    begin: assign({ known: true, closed: false, waits: false, cameMeanwhile: false }),
    forgetTurn: assign({ cameMeanwhile: false, unsealed: false }),
    watch: assign({ watched: true }),
    leave: assign({ watched: false }),
    close: assign({ closed: true, waits: false, cameMeanwhile: false }),
    queue: assign({ waits: true, closed: false }),
    queueMeanwhile: assign({ waits: true, closed: false, cameMeanwhile: true }),
    withdraw: assign({ waits: false, cameMeanwhile: false }),
    fillDisk: assign({ diskIsFull: true }),
    freeDisk: assign({ diskIsFull: false }),
    refuse: assign({ refuses: true }),
    accept: assign({ refuses: false }),
    goDown: assign({ watched: false, refuses: false, cameMeanwhile: false, unsealed: false }),
    leaveUnsealed: assign({ unsealed: true }),
  },
  guards: {
    isKnown: ({ context }) => context.known,
    isKnownAndWatched: ({ context }) => context.known && context.watched,
    stopIsNotStored: ({ context }) => context.diskIsFull && context.watched,
    isWatched: ({ context }) => context.watched,
    isNotKnown: ({ context }) => !context.known,
    isNotWatched: ({ context }) => !context.watched,
    diskIsFull: ({ context }) => context.diskIsFull,
    diskMayFill: ({ context }) => !context.diskIsFull && !context.refuses && context.watched,
    closeIsStored: ({ context }) => !context.diskIsFull && context.watched,
    endIsStored: ({ context }) => !context.diskIsFull && !context.refuses && context.watched,
    knownCloseIsStored: ({ context }) => !context.diskIsFull && context.known,
    turnMayBegin: ({ context }) => !context.diskIsFull && !context.refuses,
    turnMayBeginUnwatched: ({ context }) => !context.diskIsFull && !context.refuses && !context.watched,
    textMayWait: ({ context }) => !context.diskIsFull && !context.waits && context.watched,
    textMayBeWithdrawn: ({ context }) => !context.diskIsFull && context.waits && context.watched,
    textWaits: ({ context }) => context.waits && context.watched,
    textCarriesOver: ({ context }) => context.waits && !context.refuses,
    textOutlivesDefect: ({ context }) => context.waits && !context.refuses && !context.diskIsFull,
    textOpensTurn: ({ context }) => context.cameMeanwhile && !context.refuses && !context.diskIsFull,
    mayRefuse: ({ context }) => context.watched && !context.refuses && !context.diskIsFull,
    mayRefuseWaiting: ({ context }) => context.watched && !context.refuses && !context.diskIsFull && context.waits,
    refusesNothing: ({ context }) => !context.refuses,
    refuses: ({ context }) => context.refuses,
    recoveryFails: ({ context }) => context.unsealed && context.diskIsFull,
  },
}).createMachine({
  id: "conversation",
  context: {
    known: false,
    watched: false,
    closed: false,
    waits: false,
    cameMeanwhile: false,
    unsealed: false,
    diskIsFull: false,
    refuses: false,
  },
  initial: "up",
  states: {
    up: {
      initial: "resting",
      // The defaults, for states in which something runs: a request is refused, is queued, or has no effect.
      on: {
        "person.sends": { guard: "isWatched" },
        "person.queues": [{ guard: "textMayWait", actions: "queue" }, { guard: "isWatched" }],
        "person.withdraws": [{ guard: "textMayBeWithdrawn", actions: "withdraw" }, { guard: "textWaits" }],
        "person.cancels": { guard: "isWatched" },
        "person.closes": { guard: "closeIsStored", actions: "close" },
        "person.compacts": { guard: "isWatched" },
        "person.watches": { guard: "isNotWatched", actions: "watch" },
        "person.leaves": { guard: "isWatched", actions: "leave" },
        "disk.fills": { guard: "diskMayFill", actions: "fillDisk" },
        "disk.frees": { guard: "diskIsFull", actions: "freeDisk" },
        "server.accepts": { guard: "refuses", actions: "accept" },
      },
      states: {
        resting: {
          id: "resting",
          on: {
            "person.sends": [{ guard: "turnMayBegin", target: "generating", actions: ["begin", "watch"] }, {}],
            "person.queues": [{ guard: "turnMayBegin", target: "generating", actions: ["begin", "watch"] }, {}],
            "person.queuesOverHttp": [
              { guard: "turnMayBeginUnwatched", target: "generating", actions: "begin" },
              { guard: "isNotWatched" },
            ],
            "person.closes": [{ guard: "knownCloseIsStored", actions: "close" }, { guard: "isNotKnown" }],
            "person.compacts": [{ guard: "isKnown", target: "compacting" }, {}],
            "server.refuses": { guard: "mayRefuse", actions: "refuse" },
            ...withoutTurn,
          },
        },
        generating: {
          id: "generating",
          on: {
            "person.cancels": { guard: "isWatched", target: "stopping" },
            "person.stopsOverHttp": { guard: "isNotWatched", target: "stopping" },
            "person.cancelsAnother": { guard: "isWatched" },
            "person.closes": { guard: "closeIsStored", target: "stopping", actions: "close" },
            "agent.finishes": sealed,
            // The agent had ended before the server's own defect, so no agent is left to stop.
            "defect.inTurn": { guard: "turnMayBegin", target: "stopping.agentIsGone" },
            "defect.inSeal": [
              { guard: "textOutlivesDefect", target: "#mended.generating", actions: "begin" },
              { guard: "turnMayBegin", target: "#mended.resting", actions: "forgetTurn" },
            ],
            "server.refuses": { guard: "mayRefuseWaiting", actions: "refuse" },
            ...withTurn,
          },
        },
        stopping: {
          initial: "agentIsAsked",
          on: { "person.stopsOverHttp": { guard: "isNotWatched" }, "stopTime.passes": sealed, ...withTurn },
          states: {
            agentIsAsked: { on: { "agent.leaves": sealed } },
            agentIsGone: {},
          },
        },
        sealing: {
          id: "sealing",
          on: { "retryPause.passes": sealed, ...withTurn },
        },
        recovering: {
          on: {
            ...withTurn,
            // A server that ends at once does not recover the turn. Its next start does.
            "server.endsAtOnce": { guard: "endIsStored", target: "#down", actions: ["goDown", "leaveUnsealed"] },
            "retryPause.passes": [{ guard: "diskIsFull" }, { target: "resting", actions: "forgetTurn" }],
          },
        },
        compacting: {
          on: {
            "person.queues": [{ guard: "textMayWait", actions: "queueMeanwhile" }, { guard: "isWatched" }],
            "agent.sumsUp": compacted,
            "agent.failsToSumUp": compacted,
            "summaryTime.passes": compacted,
            "server.refuses": { guard: "mayRefuseWaiting", actions: "refuse" },
            ...withoutTurn,
          },
        },
      },
    },
    // After one defect, everything recovers and goes on as before. (After a second, there is no new actor.)
    mended: {
      id: "mended",
      initial: "resting",
      states: {
        resting: { on: { "person.sends": { target: "generating", actions: ["begin", "watch"] } } },
        generating: { on: { "agent.finishes": "resting" } },
      },
    },
    down: {
      id: "down",
      on: {
        "server.starts": [
          { guard: "recoveryFails", target: "up.recovering" },
          { target: "up.resting", actions: "forgetTurn" },
        ],
      },
    },
  },
});

// Two sockets on one conversation: each joins, leaves, stalls and recovers independently, and the turn goes on whatever
// they do. A model for tests: it shares nothing with the production charts.
import { not, setup, stateIn } from "xstate";

export const twoConnectionsModel = setup({
  types: {
    events: {} as
      | { type: "first.joins" }
      | { type: "first.joinsUnread" }
      | { type: "first.joinsInAFlood" }
      | { type: "first.leaves" }
      | { type: "first.stalls" }
      | { type: "first.recovers" }
      | { type: "first.asks" }
      | { type: "first.cancels" }
      | { type: "first.vanishes" }
      | { type: "first.returns" }
      | { type: "second.joins" }
      | { type: "second.leaves" }
      | { type: "second.stalls" }
      | { type: "second.recovers" }
      | { type: "second.asks" }
      | { type: "turn.speaks" }
      | { type: "turn.pours" }
      | { type: "turn.ends" },
  },
  guards: {
    turnRuns: stateIn({ turn: "young" }),
    turnIsLong: stateIn({ turn: "long" }),
    firstIsHere: not(stateIn({ first: "gone" })),
  },
}).createMachine({
  id: "two-connections",
  type: "parallel",
  states: {
    first: {
      initial: "away",
      states: {
        away: {
          on: {
            "first.joins": "following",
            "first.joinsUnread": { guard: "turnIsLong", target: "lagging" },
            "first.joinsInAFlood": { guard: "turnRuns", target: "following" },
            "first.stalls": "stalled",
            "first.asks": "following",
            "first.vanishes": "gone",
          },
        },
        stalled: {
          on: { "first.joins": "lagging", "first.recovers": "away", "first.asks": "lagging", "first.vanishes": "gone" },
        },
        following: {
          on: { "first.leaves": "away", "first.stalls": "lagging", "first.asks": {}, "first.vanishes": "gone" },
        },
        lagging: {
          on: { "first.leaves": "stalled", "first.recovers": "following", "first.asks": {}, "first.vanishes": "gone" },
        },
        gone: { on: { "first.returns": "away" } },
      },
    },
    second: {
      initial: "away",
      states: {
        away: { on: { "second.joins": "following", "second.asks": "following" } },
        following: { on: { "second.leaves": "away", "second.stalls": "lagging", "second.asks": {} } },
        lagging: { on: { "second.leaves": "away", "second.recovers": "following", "second.asks": {} } },
      },
    },
    turn: {
      initial: "none",
      states: {
        none: { on: { "first.asks": { guard: "firstIsHere", target: "young" }, "second.asks": "young" } },
        young: {
          on: {
            "turn.speaks": {},
            "turn.pours": "long",
            "turn.ends": "none",
            "first.cancels": { guard: "firstIsHere", target: "none" },
          },
        },
        long: {
          on: { "turn.speaks": {}, "turn.ends": "none", "first.cancels": { guard: "firstIsHere", target: "none" } },
        },
      },
    },
  },
});

// The life of a server: sockets come until every place is taken, actors fail seldom or often, and a stop goes step by
// step. A model for tests: it shares nothing with the production charts.
import { setup } from "xstate";

const fails = ["connection.fails", "surface.fails", "conversation.fails"] as const;
const each = <Target>(target: Target) => Object.fromEntries(fails.map((event) => [event, target]));

export const processLifeModel = setup({
  types: {
    events: {} as
      | { type: (typeof fails)[number] }
      | { type: "many.fail" }
      | { type: "minute.passes" }
      | { type: "client.comes" }
      | { type: "client.leaves" }
      | { type: "broadcast.comes" }
      | { type: "catalog.changes" }
      | { type: "process.drains" }
      | { type: "turn.finishes" }
      | { type: "goodbyes.areSent" }
      | { type: "somebody.hurries" }
      | { type: "peers.answer" }
      | { type: "process.stops" }
      | { type: "connection.outlastsTheStop" }
      | { type: "surface.outlastsTheStop" }
      | { type: "conversation.outlastsTheStop" }
      | { type: "last.fails" },
  },
}).createMachine({
  id: "process-life",
  initial: "roomy",
  states: {
    roomy: {
      initial: "sound",
      states: {
        sound: {
          on: {
            "connection.fails": "shaken",
            "surface.fails": "shaken",
            "conversation.fails": "shakenByConversation",
            "many.fail": "strained",
            "broadcast.comes": {},
            "catalog.changes": {},
            "client.comes": "#process-life.full",
            "process.drains": "#process-life.turnsEnd",
            "process.stops": "#process-life.stopped",
            "connection.outlastsTheStop": "#process-life.stopping.connection",
            "surface.outlastsTheStop": "#process-life.stopping.surface",
            "conversation.outlastsTheStop": "#process-life.stopping.conversation",
          },
        },
        // One actor has failed.
        shaken: {},
        shakenByConversation: { on: { "conversation.fails": {} } },
        // As many as are not too many.
        strained: { on: each("degraded") },
        degraded: { on: { ...each({}), "minute.passes": "sound" } },
      },
    },
    full: {
      on: { "client.comes": {}, "client.leaves": "roomy", "process.drains": "turnsEnd" },
    },
    turnsEnd: {
      on: { "client.comes": {}, "broadcast.comes": {}, "turn.finishes": "goodbyes", "somebody.hurries": "leaving" },
    },
    goodbyes: { on: { "goodbyes.areSent": "leaving", "somebody.hurries": "leaving" } },
    leaving: { on: { "peers.answer": "drained" } },
    drained: { on: { "process.stops": "stopped" } },
    stopping: {
      on: { "last.fails": "stopped" },
      initial: "connection",
      states: { connection: {}, surface: {}, conversation: {} },
    },
    stopped: {},
  },
});

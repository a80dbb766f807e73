// The life of turnwire's extension in an agent host: it is activated, deactivated and activated again, meets obstacles,
// and serves a guest meanwhile. A model for tests: it shares nothing with the production charts.
import { and, not, setup, stateIn } from "xstate";

export const hostLifeModel = setup({
  types: {
    events: {} as
      | { type: "host.activates" }
      | { type: "host.deactivates" }
      | { type: "host.restarts" }
      | { type: "host.changesItsMind" }
      | { type: "port.isTaken" }
      | { type: "setting.isWrong" }
      | { type: "service.isMissing" }
      | { type: "obstacle.isRemoved" }
      | { type: "registry.fallsMute" }
      | { type: "orchestrator.breaks" }
      | { type: "orchestrator.mends" }
      | { type: "guest.comes" }
      | { type: "guest.goes" }
      | { type: "guest.asks" }
      | { type: "turn.dies" }
      | { type: "broadcast.come" }
      | { type: "nonsense.comes" }
      | { type: "catalog.changes" },
  },
  guards: {
    isActive: stateIn({ extension: "active" }),
    isInactive: stateIn({ extension: "inactive" }),
    guestIsHere: stateIn({ guest: "connected" }),
    wayIsFree: and([stateIn({ extension: "inactive" }), stateIn({ way: "free" })]),
    isObstructed: and([stateIn({ extension: "inactive" }), not(stateIn({ way: "free" }))]),
  },
}).createMachine({
  id: "host-life",
  type: "parallel",
  states: {
    extension: {
      initial: "inactive",
      states: {
        inactive: {
          on: {
            "host.activates": [{ guard: "wayIsFree", target: "active" }, { guard: "isObstructed" }],
            "host.deactivates": {},
            "host.changesItsMind": {},
          },
        },
        active: {
          on: {
            "host.activates": {},
            "host.deactivates": "inactive",
            "host.restarts": "active",
            "broadcast.come": {},
            "nonsense.comes": {},
            "catalog.changes": {},
          },
        },
      },
    },
    /** Obstacles can arise only while the extension is inactive. */
    way: {
      initial: "free",
      states: {
        free: {
          on: {
            "port.isTaken": { guard: "isInactive", target: "portTaken" },
            "setting.isWrong": { guard: "isInactive", target: "settingWrong" },
            "service.isMissing": { guard: "isInactive", target: "serviceMissing" },
          },
        },
        portTaken: { on: { "obstacle.isRemoved": "free" } },
        settingWrong: { on: { "obstacle.isRemoved": "free" } },
        serviceMissing: { on: { "obstacle.isRemoved": "free" } },
      },
    },
    registry: {
      initial: "announcing",
      states: {
        announcing: { on: { "registry.fallsMute": { guard: "isInactive", target: "mute" } } },
        mute: {},
      },
    },
    orchestrator: {
      initial: "well",
      states: {
        well: { on: { "orchestrator.breaks": { guard: "isActive", target: "broken" } } },
        broken: { on: { "orchestrator.mends": "well" } },
      },
    },
    guest: {
      initial: "none",
      states: {
        none: { on: { "guest.comes": { guard: "isActive", target: "connected" } } },
        connected: {
          on: {
            "guest.goes": "none",
            "guest.asks": {},
            "turn.dies": {},
            "host.deactivates": "none",
            "host.restarts": "none",
          },
        },
      },
    },
  },
});

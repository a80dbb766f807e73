// What one client may do with its socket, and what it can observe. The server handles requests from a congested socket
// like any others, and each way to end a socket has its own closing state. A model for tests: it shares nothing with
// the production charts.
import { setup, stateIn } from "xstate";

const closing = { "peer.answers": "gone", "peer.keepsStill": "gone", "peer.speaks": {} } as const;

export const connectionModel = setup({
  types: {
    events: {} as
      // ── the conversation ──
        | { type: "peer.watches" }
        | { type: "peer.unwatches" }
        | { type: "peer.asks" }
        | { type: "peer.queues" }
        | { type: "peer.isRefused" }
        | { type: "peer.asksElsewhere" }
        | { type: "peer.recoversTooLate" }
        | { type: "peer.cancels" }
        | { type: "another.asks" }
        | { type: "turn.begins" }
        | { type: "turn.endsUnsaid" }
        | { type: "turn.speaks" }
        | { type: "turn.ends" }
        // ── the surface ──
        | { type: "peer.subscribes" }
        | { type: "peer.looksAway" }
        | { type: "surface.changes" }
        // ── events that change no state ──
        | { type: "peer.pings" }
        | { type: "peer.withdraws" }
        | { type: "peer.invokes" }
        | { type: "peer.errs" }
        | { type: "broadcast.come" }
        // ── how well the peer reads, and how the socket ends ──
        | { type: "peer.stalls" }
        | { type: "peer.recovers" }
        | { type: "peer.isGivenUp" }
        | { type: "peer.fallsSilent" }
        | { type: "peer.breaksTheProtocol" }
        | { type: "peer.floods" }
        | { type: "token.isRevoked" }
        | { type: "server.drains" }
        | { type: "server.disconnects" }
        | { type: "watch.breaks" }
        | { type: "everything.breaks" }
        | { type: "peer.leaves" }
        | { type: "peer.vanishes" }
        | { type: "peer.answers" }
        | { type: "peer.keepsStill" }
        | { type: "peer.speaks" },
  },
  guards: { isCongested: stateIn({ open: { flow: "congested" } }) },
}).createMachine({
  id: "connection",
  initial: "open",
  states: {
    open: {
      type: "parallel",
      on: {
        "peer.pings": {},
        "peer.withdraws": {},
        "peer.invokes": {},
        "peer.errs": {},
        "broadcast.come": {},
        "peer.breaksTheProtocol": "closing.refused",
        "peer.floods": "closing.flooding",
        "token.isRevoked": "closing.revoked",
        "server.drains": "closing.draining",
        "server.disconnects": "closing.asked",
        "peer.leaves": "gone",
        "peer.vanishes": "gone",
      },
      states: {
        flow: {
          initial: "flowing",
          states: {
            flowing: { on: { "peer.stalls": "congested", "peer.fallsSilent": "#connection.closing.silent" } },
            congested: { on: { "peer.recovers": "flowing", "peer.isGivenUp": "#connection.closing.slow" } },
          },
        },
        chat: {
          initial: "unwatched",
          states: {
            unwatched: {
              on: {
                "peer.watches": "quiet",
                "peer.asks": "requested",
                "peer.queues": "requested",
                "peer.isRefused": {},
              },
            },
            quiet: {
              on: {
                "peer.watches": {},
                "peer.unwatches": "unwatched",
                "peer.asks": "requested",
                "peer.queues": "requested",
                "peer.isRefused": {},
                "another.asks": "overheard",
                "watch.breaks": "#connection.closing.defect",
              },
            },
            requested: {
              on: {
                "turn.begins": "answered",
                "turn.endsUnsaid": "quiet",
                "peer.asks": {},
                "peer.queues": {},
                "peer.cancels": "quiet",
                "peer.unwatches": "unwatched",
              },
            },
            answered: {
              on: {
                "turn.speaks": {},
                "peer.asksElsewhere": {},
                "peer.recoversTooLate": {
                  guard: "isCongested",
                  target: "#connection.closing.slow",
                },
                "turn.ends": "quiet",
                "peer.asks": {},
                "peer.queues": {},
                "peer.cancels": "quiet",
                "peer.unwatches": "unwatched",
                "watch.breaks": "#connection.closing.defect",
              },
            },
            overheard: {
              on: {
                "turn.speaks": {},
                "turn.ends": "quiet",
                "peer.asks": {},
                "peer.cancels": "quiet",
                "peer.unwatches": "unwatched",
              },
            },
          },
        },
        surface: {
          initial: "hidden",
          states: {
            hidden: { on: { "peer.subscribes": "shown" } },
            shown: {
              on: {
                "peer.subscribes": {},
                "peer.looksAway": "hidden",
                "surface.changes": {},
                "everything.breaks": "#connection.closing.refused",
              },
            },
          },
        },
      },
    },
    closing: {
      on: closing,
      initial: "refused",
      states: { asked: {}, slow: {}, silent: {}, refused: {}, flooding: {}, revoked: {}, draining: {}, defect: {} },
    },
    gone: { type: "final" },
  },
});

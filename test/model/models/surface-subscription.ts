// A surface with one or two subscribers, and a provider that may answer at any time: whether the newest spec is known,
// whether an answer is outstanding, and how the last question ended. Models for tests: they share nothing with the
// production charts.
import { type AnyStateMachine, not, setup, stateIn } from "xstate";

/** A provider that announces changes of its spec. */
export const surfaceSubscriptionModel = modelOf("surface-subscription", { isAsked: false });

/** A provider that announces nothing: each new subscriber, and each action, makes the server ask again. */
export const muteSurfaceModel = modelOf("surface-subscription-mute", { isAsked: true });

/** @param joiner whether a subscriber that comes while the newest spec is known makes the server ask again. */
function modelOf(id: string, joiner: { isAsked: boolean }): AnyStateMachine {
  const sharing = setup({
    types: {
      events: {} as
        | { type: "viewer.subscribes" }
        | { type: "viewer.leaves" }
        | { type: "other.subscribes" }
        | { type: "other.leaves" }
        | { type: "surface.changes" }
        | { type: "provider.answers" }
        | { type: "provider.fails" }
        | { type: "provider.isLate" },
    },
    guards: {
      viewerIsAlone: not(stateIn({ other: "looking" })),
      otherIsAlone: not(stateIn({ viewer: "looking" })),
      viewerIsHere: stateIn({ viewer: "looking" }),
      otherIsHere: stateIn({ other: "looking" }),
    },
  });
  const onLooking = (target: string) => ({ "viewer.subscribes": target, "other.subscribes": target });
  return sharing.createMachine({
    id,
    type: "parallel",
    states: {
      viewer: {
        initial: "away",
        states: {
          away: { on: { "viewer.subscribes": "looking" } },
          looking: { on: { "viewer.subscribes": {}, "viewer.leaves": "away" } },
        },
      },
      other: {
        initial: "away",
        states: {
          away: { on: { "other.subscribes": "looking" } },
          looking: { on: { "other.leaves": "away" } },
        },
      },
      surface: {
        initial: "none",
        states: {
          none: { on: onLooking("known.loading") },
          known: {
            on: {
              "viewer.leaves": { guard: "viewerIsAlone", target: "none" },
              "other.leaves": { guard: "otherIsAlone", target: "none" },
            },
            initial: "loading",
            states: {
              loading: {
                on: {
                  "surface.changes": "loadingAnew",
                  "provider.answers": "current",
                  "provider.fails": "failed",
                  "provider.isLate": "owing",
                },
              },
              loadingAnew: {
                on: {
                  "surface.changes": {},
                  "provider.answers": "refreshing",
                  "provider.fails": "loading",
                  "provider.isLate": "loading",
                },
              },
              current: {
                on: { "surface.changes": "refreshing", ...(joiner.isAsked && onLooking("refreshing")) },
              },
              refreshing: {
                on: {
                  "surface.changes": "refreshingAnew",
                  "provider.answers": "current",
                  "provider.fails": "failed",
                  "provider.isLate": "owing",
                },
              },
              refreshingAnew: {
                on: {
                  "surface.changes": {},
                  "provider.answers": "refreshing",
                  "provider.fails": "loading",
                  "provider.isLate": "loading",
                },
              },
              failed: { on: { "surface.changes": "loading", ...onLooking("loading") } },
              owing: {
                on: {
                  "surface.changes": "loading",
                  ...onLooking("loading"),
                  "provider.answers": "current",
                  "provider.fails": "failed",
                },
              },
            },
          },
        },
      },
    },
  });
}

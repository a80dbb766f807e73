// One surface, for one conversation or for none, while somebody looks at it: asks its provider once per change for all
// its viewers. Must never let an older spec follow a newer one (protocol 1.5.4).
import { or, setup, stateIn } from "xstate";
import type { Meta } from "./meta.ts";

export interface SurfaceInput {
  surfaceId: string;
  conversationId: string | undefined;
  /** Tells this life of the surface from an earlier one. */
  instance: number;
}

export type SurfaceEvent =
  | { type: "surface.changed" }
  | { type: "viewer.joined" }
  | { type: "spec.built" }
  | { type: "spec.failed" }
  | { type: "surface.release" };

export const surfaceMachine = setup({
  types: {
    context: {} as SurfaceInput,
    input: {} as SurfaceInput,
    events: {} as SurfaceEvent,
    meta: {} as Meta<SurfaceEvent>,
  },
  actions: {
    askProvider: () => {},
    show: () => {},
    showToNewViewers: () => {},
    reportFailure: () => {},
    reportTimeout: () => {},
  },
  guards: {
    changesAreAnnounced: () => true,
    changedMeanwhile: or([stateIn({ loading: "outdated" }), stateIn({ refreshing: "outdated" })]),
  },
  delays: {
    answerTime: 10_000,
  },
}).createMachine({
  id: "surface",
  description: "A surface asks its provider, shows what it got, and asks again after each change.",
  context: ({ input }) => input,
  initial: "loading",
  on: { "surface.release": ".released" },
  states: {
    loading: {
      description: "The provider has been asked and nothing can be shown yet.",
      entry: "askProvider",
      after: {
        answerTime: [
          { guard: "changedMeanwhile", target: "loading", reenter: true, actions: "reportTimeout" },
          { target: "failed", actions: "reportTimeout" },
        ],
      },
      on: { "spec.failed": { target: "failed", actions: "reportFailure" } },
      // A newcomer waits with the others for the spec that is being built.
      meta: { ignores: ["viewer.joined"] },
      initial: "inTime",
      states: {
        inTime: {
          description: "No change since it was asked.",
          on: {
            "spec.built": { target: "#surface.current", actions: "show" },
            "surface.changed": "outdated",
          },
        },
        outdated: {
          description: "It changed meanwhile, once or often: whatever comes of the question, it is asked once more.",
          on: {
            "spec.built": { target: "#surface.refreshing", actions: "show" },
            "spec.failed": { target: "#surface.loading", actions: "reportFailure" },
          },
          meta: { ignores: ["surface.changed"] },
        },
      },
    },
    current: {
      description: "What viewers see is the newest spec.",
      on: {
        "surface.changed": "refreshing",
        "viewer.joined": [{ guard: "changesAreAnnounced", actions: "showToNewViewers" }, { target: "refreshing" }],
      },
      // Its question has been answered, and no other is open.
      meta: { neverGets: ["spec.built", "spec.failed"] },
    },
    refreshing: {
      description: "Viewers see the last good spec while a newer one is being built.",
      entry: "askProvider",
      after: {
        answerTime: [
          { guard: "changedMeanwhile", target: "loading", actions: "reportTimeout" },
          { target: "failed", actions: "reportTimeout" },
        ],
      },
      on: { "spec.failed": { target: "failed", actions: "reportFailure" } },
      // A newcomer waits with the others for the spec that is being built.
      meta: { ignores: ["viewer.joined"] },
      initial: "inTime",
      states: {
        inTime: {
          description: "No change since it was asked.",
          on: {
            "spec.built": { target: "#surface.current", actions: "show" },
            "surface.changed": "outdated",
          },
        },
        outdated: {
          description: "It changed meanwhile: asked once more, whatever comes of this question.",
          on: {
            "spec.built": { target: "#surface.refreshing", actions: "show" },
            "spec.failed": { target: "#surface.loading", actions: "reportFailure" },
          },
          meta: { ignores: ["surface.changed"] },
        },
      },
    },
    failed: {
      description: "The provider threw, rejected, was no JSON, or did not answer in time; the next good spec mends it.",
      on: {
        "spec.built": { target: "current", actions: "show" },
        "surface.changed": "loading",
        "viewer.joined": "loading",
      },
      // It was too late, and now it has failed as well: said once.
      meta: { ignores: ["spec.failed"] },
    },
    released: {
      description: "Nobody looks at it any more.",
      type: "final",
    },
  },
});

// One surface, for one conversation or for none, while it has viewers. It asks its provider once per change, for all
// viewers together. It must never let an older spec follow a newer one (protocol 1.5.4).
import { fromCallback, or, sendTo, setup, stateIn } from "xstate";
import type { Meta } from "./meta.ts";

export interface SurfaceInput {
  surfaceId: string;
  conversationId: string | undefined;
  /** Distinguishes this actor from an earlier one for the same surface. */
  instance: number;
}

export type SurfaceEvent =
  | { type: "surface.changed" }
  | { type: "viewer.joined" }
  | { type: "spec.built" }
  | { type: "spec.failed" }
  | { type: "surface.release" };

/** What the surface says to its provider. */
export type ProviderCommand = { type: "spec.wanted" };

export const surfaceMachine = setup({
  types: {
    context: {} as SurfaceInput,
    input: {} as SurfaceInput,
    events: {} as SurfaceEvent,
    meta: {} as Meta<SurfaceEvent>,
    children: {} as { provider: "provider" },
  },
  // Speaks for the provider, which may be a host's: it sends surface.changed, spec.built and spec.failed.
  actors: { provider: fromCallback<ProviderCommand, SurfaceInput>(() => {}) },
  actions: {
    askProvider: sendTo("provider", { type: "spec.wanted" }),
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
  description: "A surface asks its provider for a spec, shows it, and asks again after each change.",
  context: ({ input }) => input,
  invoke: { src: "provider", id: "provider", input: ({ context }) => context },
  initial: "loading",
  on: { "surface.release": ".released" },
  states: {
    loading: {
      description: "The provider has been asked and there is no spec to show yet.",
      entry: "askProvider",
      after: {
        answerTime: [
          { guard: "changedMeanwhile", target: "loading", reenter: true, actions: "reportTimeout" },
          { target: "failed", actions: "reportTimeout" },
        ],
      },
      on: { "spec.failed": { target: "failed", actions: "reportFailure" } },
      // A new viewer gets the spec that is being built, like the others.
      meta: { ignores: ["viewer.joined"] },
      initial: "inTime",
      states: {
        inTime: {
          description: "No change since the provider was asked.",
          on: {
            "spec.built": { target: "#surface.current", actions: "show" },
            "surface.changed": "outdated",
          },
        },
        outdated: {
          description: "The surface changed after the provider was asked; it is asked once more, whatever it answers.",
          on: {
            "spec.built": { target: "#surface.refreshing", actions: "show" },
            "spec.failed": { target: "#surface.loading", actions: "reportFailure" },
          },
          meta: { ignores: ["surface.changed"] },
        },
      },
    },
    current: {
      description: "Viewers see the newest spec.",
      on: {
        "surface.changed": "refreshing",
        "viewer.joined": [{ guard: "changesAreAnnounced", actions: "showToNewViewers" }, { target: "refreshing" }],
      },
      // The provider has answered and has not been asked again.
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
      // A new viewer gets the spec that is being built, like the others.
      meta: { ignores: ["viewer.joined"] },
      initial: "inTime",
      states: {
        inTime: {
          description: "No change since the provider was asked.",
          on: {
            "spec.built": { target: "#surface.current", actions: "show" },
            "surface.changed": "outdated",
          },
        },
        outdated: {
          description: "The surface changed again; the provider is asked once more, whatever it answers.",
          on: {
            "spec.built": { target: "#surface.refreshing", actions: "show" },
            "spec.failed": { target: "#surface.loading", actions: "reportFailure" },
          },
          meta: { ignores: ["surface.changed"] },
        },
      },
    },
    failed: {
      description: "The provider threw, rejected, sent invalid JSON or timed out; the next valid spec ends this.",
      on: {
        "spec.built": { target: "current", actions: "show" },
        "surface.changed": "loading",
        "viewer.joined": "loading",
      },
      // A provider that timed out may still fail; the failure is reported only once.
      meta: { ignores: ["spec.failed"] },
    },
    released: {
      description: "It has no viewers any more.",
      type: "final",
    },
  },
});

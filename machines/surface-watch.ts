// One socket watching one surface: it waits for the first spec, then every newer one is shown. Must never see an update
// before it has seen the surface (protocol 1.1).
import { setup } from "xstate";
import type { Meta } from "./meta.ts";

export interface SurfaceWatchInput {
  connectionId: string;
  surfaceId: string;
  conversationId: string | undefined;
}

export type SurfaceWatchEvent = { type: "surface.shown" } | { type: "surface.awaited" } | { type: "watch.leave" };

export const surfaceWatchMachine = setup({
  types: {
    context: {} as SurfaceWatchInput,
    input: {} as SurfaceWatchInput,
    events: {} as SurfaceWatchEvent,
    meta: {} as Meta<SurfaceWatchEvent>,
  },
}).createMachine({
  id: "surface-watch",
  description: "A socket's subscription to one surface.",
  context: ({ input }) => input,
  initial: "waiting",
  on: { "watch.leave": ".left" },
  states: {
    waiting: {
      description: "It has asked for the surface and is owed the whole spec.",
      on: { "surface.shown": "shown" },
      // It may ask twice before it is shown anything.
      meta: { ignores: ["surface.awaited"] },
    },
    shown: {
      description: "It has the spec; changes reach it as updates.",
      on: { "surface.awaited": "waiting" },
      meta: { neverGets: ["surface.shown"] },
    },
    left: {
      description: "Unsubscribed: nothing more of this surface is sent to it.",
      type: "final",
    },
  },
});

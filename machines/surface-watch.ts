// One socket's subscription to one surface: it waits for the first spec and then gets every newer one. The socket must
// never get an `update` before it has got the `surface` (protocol 1.1).
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
      description: "It has asked for the surface and has not got the whole spec yet.",
      on: { "surface.shown": "shown" },
      // A client may subscribe twice before it gets the spec.
      meta: { ignores: ["surface.awaited"] },
    },
    shown: {
      description: "It has the spec; changes are sent as updates.",
      on: { "surface.awaited": "waiting" },
      meta: { neverGets: ["surface.shown"] },
    },
    left: {
      description: "Unsubscribed: nothing more of this surface is sent to it.",
      type: "final",
    },
  },
});

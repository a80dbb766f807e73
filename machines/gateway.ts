// The root actor: it adopts sockets, observes how every actor below it ends, fans out broadcasts and drains. It must
// never fail because of an actor that it supervises.
import { setup } from "xstate";
import type { Broadcast } from "../src/protocol/broadcast.ts";
import type { Meta } from "./meta.ts";

/** A new socket. The chart decides whether it is adopted or turned away. */
export interface Offer {
  adopt(): void;
  turnAway(): void;
}

type Kind = "connection" | "surface" | "conversation";

export type GatewayEvent =
  | { type: "gateway.listening" }
  | { type: "gateway.failed" }
  | { type: "gateway.drain"; deadlineMs: number; reconnectAfterMs: number }
  | { type: "gateway.drained" }
  | { type: "gateway.stop" }
  | { type: "socket.opened"; offer: Offer }
  | { type: "broadcast.made"; broadcast: Broadcast }
  | { type: "catalog.changed" }
  | { type: `xstate.done.actor.${Kind}`; output: unknown; actorId: string }
  | { type: `xstate.error.actor.${Kind}`; error: unknown; actorId: string };

export const gatewayMachine = setup({
  types: { events: {} as GatewayEvent, meta: {} as Meta<GatewayEvent> },
  actions: {
    adopt: () => {},
    turnAway: () => {},
    fanOut: () => {},
    announceCatalog: () => {},
    announceDraining: () => {},
    closeSockets: () => {},
  },
}).createMachine({
  id: "gateway",
  description: "The server as a whole: it boots, listens, drains and stops.",
  initial: "booting",
  meta: { ignores: ["xstate.done.actor.connection", "xstate.done.actor.surface", "xstate.done.actor.conversation"] },
  on: {
    "gateway.stop": ".stopped",
    "broadcast.made": { actions: "fanOut" },
    "catalog.changed": { actions: "announceCatalog" },
    "socket.opened": { actions: "turnAway" },
    // Handled here because an unhandled error of a child would end this actor too. The registry has released the child.
    "xstate.error.actor.connection": {},
    "xstate.error.actor.surface": {},
    "xstate.error.actor.conversation": {},
  },
  states: {
    booting: {
      description: "Ports are being opened; no socket is accepted yet.",
      on: { "gateway.listening": "listening", "gateway.failed": "failed" },
      meta: { neverGets: ["gateway.drain", "gateway.drained"] },
    },
    listening: {
      description: "Sockets come and go.",
      on: {
        "socket.opened": { actions: "adopt" },
        "gateway.drain": "draining",
      },
      meta: { neverGets: ["gateway.listening", "gateway.failed", "gateway.drained"] },
    },
    draining: {
      description: "A stop was requested: no new sockets or turns; running turns may finish until the deadline.",
      entry: "announceDraining",
      on: { "gateway.drained": "stopping" },
      meta: { neverGets: ["gateway.listening", "gateway.failed", "gateway.drain"] },
    },
    stopping: {
      description: "Every turn is sealed; the sockets are being closed with 1012.",
      entry: "closeSockets",
      meta: { neverGets: ["gateway.listening", "gateway.failed", "gateway.drain", "gateway.drained"] },
    },
    stopped: {
      description: "All sockets are gone.",
      type: "final",
    },
    failed: {
      description: "A port could not be opened.",
      type: "final",
    },
  },
});

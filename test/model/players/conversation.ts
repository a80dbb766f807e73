// Implements the states and events of the conversation model on the whole embedded server: how each event is caused,
// over the wire or in the server's environment, and what the clients and the server's own actors must show in each
// state. It must never send an event to an actor: only the product itself may send events to the charts.
import type { ServerOptions } from "../fixtures.ts";
import type { Implementation } from "../play.ts";
import { asking } from "./conversation/asking.ts";
import { ending } from "./conversation/ending.ts";
import { states } from "./conversation/states.ts";
import { Visit } from "./conversation/visit.ts";
import { world } from "./conversation/world.ts";
import type { Servers } from "./servers.ts";

/** Each path has a conversation of its own. */
export function conversationPlayer(servers: Servers, attach: ServerOptions["attach"]): Implementation<Visit> {
  let visits = 0;
  const inFixture = (run: (visit: Visit) => Promise<void>): Promise<void> =>
    servers.lend(async (server, puppets) => {
      const visit = new Visit(`conversation ${++visits}`, puppets, attach);
      try {
        await visit.enter(server);
        await run(visit);
        return visit.left();
      } catch (error) {
        await visit.endServer();
        throw error;
      }
    });
  return { inFixture, states, events: { ...asking, ...ending, ...world } };
}

// Tickets: a browser cannot give a WebSocket an Authorization header, so it buys a ticket with one and shows that.
// A ticket must never be good twice, nor after its time (protocol 2).
import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { Limits } from "../limits.ts";

export interface Ticket {
  ticket: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

export interface Tickets {
  issue(): Ticket;
  /** True for a ticket that was issued, is in time and was never redeemed; from then on it is worth nothing. */
  redeem(ticket: string): boolean;
}

const ticketBytes = 24;

// Only digests are kept: a look-up by digest tells a guesser nothing by its timing.
const digestOf = (ticket: string): string => createHash("sha256").update(ticket).digest("base64");

export function createTickets(clock: Clock, limits: Pick<Limits, "ticketMs" | "ticketsMax">): Tickets {
  /** Digest → monotonic time of its end. In order of issue, so the first one is always the oldest. */
  const endings = new Map<string, number>();

  const makeRoom = (): void => {
    const now = clock.now();
    for (const [digest, endsAt] of endings) {
      if (endsAt > now && endings.size < limits.ticketsMax) break;
      endings.delete(digest);
    }
  };

  return {
    issue() {
      makeRoom();
      const ticket = randomBytes(ticketBytes).toString("base64url");
      endings.set(digestOf(ticket), clock.now() + limits.ticketMs);
      return { ticket, expiresAt: clock.wall() + limits.ticketMs };
    },
    redeem(ticket) {
      const digest = digestOf(ticket);
      const endsAt = endings.get(digest);
      endings.delete(digest);
      return endsAt !== undefined && clock.now() < endsAt;
    },
  };
}

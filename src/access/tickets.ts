// Tickets: a browser cannot give a WebSocket an Authorization header, so it buys a ticket with one and shows that.
// A ticket must never be good twice, nor after its time (protocol 2).
import { createHash, randomBytes } from "node:crypto";
import type { Limits } from "../limits.ts";
import type { Identity } from "../ports/authorisation.ts";
import type { Clock } from "../runtime/clock.ts";

export interface Ticket {
  ticket: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

export interface Tickets {
  issue(identity: Identity): Ticket;
  /** Whose ticket it is, if it was issued, is in time and was never redeemed; from then on it is worth nothing. */
  redeem(ticket: string): Identity | undefined;
}

const ticketBytes = 24;

// Only digests are kept: a look-up by digest tells a guesser nothing by its timing.
const digestOf = (ticket: string): string => createHash("sha256").update(ticket).digest("base64");

export function createTickets(clock: Clock, limits: Pick<Limits, "ticketMs" | "ticketsMax">): Tickets {
  /** By digest. In order of issue, so the first one is always the oldest. */
  const issued = new Map<string, { identity: Identity; endsAt: number }>();

  /** What is over goes, and when there is no room the oldest: of who has bought most of them, if that is so. */
  const makeRoom = (identity: Identity): void => {
    const now = clock.now();
    for (const [digest, { endsAt }] of issued) {
      if (endsAt > now) break;
      issued.delete(digest);
    }
    if (issued.size < limits.ticketsMax) return;
    const own = [...issued].filter(([, ticket]) => ticket.identity === identity);
    const [[oldest] = [""]] = own.length >= limits.ticketsMax / 2 ? own : issued;
    issued.delete(oldest);
  };

  return {
    issue(identity) {
      makeRoom(identity);
      const ticket = randomBytes(ticketBytes).toString("base64url");
      issued.set(digestOf(ticket), { identity, endsAt: clock.now() + limits.ticketMs });
      return { ticket, expiresAt: clock.wall() + limits.ticketMs };
    },
    redeem(ticket) {
      const digest = digestOf(ticket);
      const found = issued.get(digest);
      issued.delete(digest);
      return found && clock.now() < found.endsAt ? found.identity : undefined;
    },
  };
}

// Single-use tickets. A browser cannot set an Authorization header on a WebSocket, so it requests a ticket over HTTP
// and shows that. A ticket must never be accepted twice, nor after it has expired (protocol 2).
import { randomBytes } from "node:crypto";
import type { Limits } from "../limits.ts";
import type { Identity } from "../ports/authorisation.ts";
import type { Clock } from "../runtime/clock.ts";
import { digestOf } from "./credentials.ts";

export interface Ticket {
  ticket: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

const ticketBytes = 24;

export function createTickets(clock: Clock, limits: Pick<Limits, "ticketMs" | "ticketsMax">) {
  /** By digest, as the tokens are, and in order of issue, so the first is the oldest. */
  const issued = new Map<string, { identity: Identity; endsAt: number }>();

  /** Deletes expired tickets. If still full, deletes the oldest: the identity's own if it holds half of all or more. */
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
    issue(identity: Identity): Ticket {
      makeRoom(identity);
      const ticket = randomBytes(ticketBytes).toString("base64url");
      issued.set(digestOf(ticket), { identity, endsAt: clock.now() + limits.ticketMs });
      return { ticket, expiresAt: clock.wall() + limits.ticketMs };
    },
    /** The ticket's identity if it is valid, unexpired and unused; the ticket is used up. Else undefined. */
    redeem(ticket: string): Identity | undefined {
      const digest = digestOf(ticket);
      const found = issued.get(digest);
      issued.delete(digest);
      return found && clock.now() < found.endsAt ? found.identity : undefined;
    },
  };
}

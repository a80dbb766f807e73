// A pending request, and the messages that tell its client that a subscription has ended. Must never hold what the
// server has done with the request before something proves it.
import type { Request } from "./messages.ts";
import type { Answer } from "./replies.ts";

/** What the port's answer means for the client that sent the request. */
export interface Outcome {
  /** The replies that the contract allows: several where it leaves the choice open. */
  answers: readonly Answer[];
  /** The request subscribes its sender. */
  watches: boolean;
}

export interface Posted {
  readonly request: Request;
  /** The conversation's time when the request was posted. */
  readonly at: number;
  /** How many pings were posted before. */
  readonly pings: number;
  /** The outcomes of port calls that match this request, but may belong to an equal request. */
  readonly outcomes: Outcome[];
}

/**
 * A subscription ends for the client with the reply to its unsubscribe, or with the pong to the ping that the client
 * sends right after it.
 */
export interface Ending {
  pong: number;
  id: string | undefined;
}

export const endingOf = ({ pings, request }: Posted): Ending => ({ pong: pings + 1, id: request.id });

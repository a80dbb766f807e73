// A request on its way, and how a client learns that what it asked for has happened. Must never hold what the server
// has done with it before something proves that.
import type { Request } from "./messages.ts";
import type { Answer } from "./replies.ts";

/** What the port's answer to a request means for whoever has asked. */
export interface Outcome {
  /** What its reply may say: several where the contract leaves it open. */
  answers: readonly Answer[];
  /** Whoever has asked is subscribed. */
  watches: boolean;
}

export interface Posted {
  readonly request: Request;
  /** The time of its conversation when it was posted. */
  readonly at: number;
  /** How many pings were posted before. */
  readonly pings: number;
  /** The port was asked for just this, perhaps by another socket, and this is what came of it each time. */
  readonly outcomes: Outcome[];
}

/**
 * A subscription that was ended is over for the client when the reply comes to the request, or the pong that was asked
 * for right after it.
 */
export interface Ending {
  pong: number;
  id: string | undefined;
}

export const endingOf = ({ pings, request }: Posted): Ending => ({ pong: pings + 1, id: request.id });

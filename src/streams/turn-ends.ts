// How the turns of one conversation end: by the orchestrator's events, or in its place when it has left a turn without
// an end. Must never give a turn a second end.
import type { LoggedEvent } from "../ports/orchestrator.ts";

/** How many of the turns that were ended in the orchestrator's place are remembered. */
const endedInPlaceMax = 16;

export class TurnEnds {
  /** The turn whose `done` was logged last. */
  #doneTurnId: unknown;
  /** The turn whose `error` was logged last. */
  #failedTurnId: unknown;
  /** The turn that was sealed last. */
  sealedTurnId: unknown;
  /** The conversation's newest stored chunk, as far as its seals have told. */
  #latestSeq = 0;
  /** The turns that were ended in the orchestrator's place, the newest last. Rarely there, and asked for each event. */
  #endedInPlace: unknown[] | undefined;

  /** An event of this turn was logged. */
  logged(event: LoggedEvent, turnId: unknown): void {
    const { type } = event;
    if (type === "text-delta") return;
    if (type === "error") this.failed(turnId);
    else if (type === "done") this.#doneTurnId = turnId;
    else if (type === "turn-sealed") {
      this.sealedTurnId = turnId;
      const { latestSeq } = event;
      if (typeof latestSeq === "number" && latestSeq > this.#latestSeq) this.#latestSeq = latestSeq;
    }
  }

  failed(turnId: unknown): void {
    this.#failedTurnId = turnId;
  }

  isDone(turnId: unknown): boolean {
    return turnId !== undefined && turnId === this.#doneTurnId;
  }

  hasFailed(turnId: unknown): boolean {
    return turnId !== undefined && turnId === this.#failedTurnId;
  }

  /** Whether the turn was ended in the orchestrator's place: nothing of it may come after that (protocol 1.3). */
  isEndedInPlace(turnId: unknown): boolean {
    return this.#endedInPlace?.includes(turnId) ?? false;
  }

  /**
   * The events that the turn lacks for its end. latestSeq is the newest that is known: a client that reads the history
   * from there on gets all of this turn.
   */
  missingOf(conversationId: string, turnId: unknown): LoggedEvent[] {
    const head = { conversationId, turnId };
    const error = { type: "error", ...head, message: "the turn ended without an answer", code: "turn-lost" };
    const done = { type: "done", ...head, reason: "error" };
    const sealed = { type: "turn-sealed", ...head, latestSeq: this.#latestSeq };
    if (this.isDone(turnId)) return [sealed];
    return this.hasFailed(turnId) ? [done, sealed] : [error, done, sealed];
  }

  endedInPlace(turnId: unknown): void {
    this.#endedInPlace ??= [];
    this.#endedInPlace.push(turnId);
    if (this.#endedInPlace.length > endedInPlaceMax) this.#endedInPlace.shift();
  }
}

// The oracle of one conversation: what must have been said, stored and announced so far. The player's events update it.
// It knows neither server nor socket; the player compares what really happened with it.
import type { DoneReason } from "../../../../src/protocol/turn-event.ts";
import type { Transcript } from "../../../support/client.ts";

interface TurnTold {
  text: string;
  said: string;
  /** The part of `said` that would survive a crash. */
  journaled: string;
  /** The reason of its `done`, once that is out. */
  reason?: DoneReason;
  /** The message of its `error` event, if one came before `done`. */
  failure?: string;
  /** The `latestSeq` of its `turn-sealed`. */
  sealedAt?: number;
}

export class Story {
  readonly turns: TurnTold[] = [];
  /** The history, one line per chunk. */
  stored: string[] = [];
  waiting: string | undefined;
  /** The statuses that were broadcast since the server's last start, in order. */
  broadcast: string[] = [];
  #status = "idle";
  /** The index of the first turn in the person's subscription; undefined while there is none. */
  #shownFrom: number | undefined;
  /** The number of turns before the server's last start: nothing of them is replayed. */
  #pastTurns = 0;

  get turn(): TurnTold {
    const turn = this.turns.at(-1);
    if (!turn) throw new Error("the story has no turn");
    return turn;
  }

  get runs(): boolean {
    const turn = this.turns.at(-1);
    return this.turns.length > this.#pastTurns && turn !== undefined && turn.sealedAt === undefined;
  }

  /** A turn has begun, with the queued text and then the requested one, and its agent has said something. */
  begins(asked: string | undefined, said: string): void {
    const text = [this.waiting, asked].filter((part) => part !== undefined).join("\n\n");
    this.waiting = undefined;
    this.stored.push(`user: ${text}`);
    this.turns.push({ text, said, journaled: said });
  }

  concludes(reason: DoneReason, failure?: string): void {
    this.turn.reason = reason;
    if (failure !== undefined) this.turn.failure = failure;
  }

  seals(): void {
    const { said, failure } = this.turn;
    this.stored.push(`assistant: ${said}`);
    if (failure !== undefined) this.stored.push(`assistant: ${failure}`);
    this.turn.sealedAt = this.stored.length;
  }

  /** The server recovers the crashed turn from its journal. No client receives an event about that. */
  recovers(): void {
    this.stored.push(`assistant: ${this.turn.journaled}`);
  }

  compacts(summary: string): void {
    this.stored = [`system: ${summary}`];
  }

  /** The person has subscribed: an unsealed turn is replayed from its beginning. */
  isWatched(): void {
    this.#shownFrom ??= this.runs ? this.turns.length - 1 : this.turns.length;
  }

  isLeft(): void {
    this.#shownFrom = undefined;
  }

  /** Only a status that differs from the last one is broadcast. */
  hasStatus(status: string): void {
    if (status !== this.#status) this.broadcast.push(status);
    this.#status = status;
  }

  /** The server is up again. No client was connected to hear the statuses of its start. */
  startsAgain(status: string): void {
    this.broadcast = [];
    this.#status = status;
    this.#pastTurns = this.turns.length;
    this.isLeft();
  }

  /** What the person must have received in this subscription, one line per turn. */
  shown(): string[] {
    if (this.#shownFrom === undefined) return [];
    return this.turns.slice(this.#shownFrom).map((turn) => {
      const { text, said, reason, failure, sealedAt } = turn;
      const end = [
        ...(failure === undefined ? [] : [`error ${failure}`]),
        ...(reason === undefined ? [] : [`done ${reason}`]),
        ...(sealedAt === undefined ? [] : [`turn-sealed ${sealedAt}`]),
      ];
      return ["user-message", text, "turn-start", "text-delta", said, ...end].join(" | ");
    });
  }
}

/** A transcript in the format of `shown`. */
export function linesOf({ turns }: Transcript): string[] {
  return turns.map(({ events, text }) => {
    const words: string[] = [];
    for (const event of events) {
      // All deltas of a turn count as one text.
      if (event.type === "text-delta" && words.includes("text-delta")) continue;
      words.push(event.type === "error" || event.type === "done" || event.type === "turn-sealed" ? "" : event.type);
      if (event.type === "user-message") words.push(String(event["text"]));
      else if (event.type === "text-delta") words.push(text);
      else if (event.type === "error") words.push(`error ${String(event["message"])}`);
      else if (event.type === "done") words.push(`done ${String(event["reason"])}`);
      else if (event.type === "turn-sealed") words.push(`turn-sealed ${String(event["latestSeq"])}`);
    }
    return words.filter((word) => word !== "").join(" | ");
  });
}

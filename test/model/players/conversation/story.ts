// What must have been said, stored and announced in one conversation so far, told along by the player's events. Knows
// neither server nor socket: what really happened is held against it.
import type { DoneReason } from "../../../../src/protocol/turn-event.ts";
import type { Transcript } from "../../../support/client.ts";

interface TurnTold {
  text: string;
  said: string;
  /** What of it would survive a crash. */
  journaled: string;
  /** Its `done` is out. */
  reason?: DoneReason;
  /** What its `error` event says, when one came before `done`. */
  failure?: string;
  /** The history mark of its `turn-sealed`. */
  sealedAt?: number;
}

export class Story {
  readonly turns: TurnTold[] = [];
  /** The history, a line a chunk. */
  stored: string[] = [];
  waiting: string | undefined;
  /** Statuses in the order in which they were announced, since the server is up. */
  broadcast: string[] = [];
  #status = "idle";
  /** The first turn that the person's subscription shows; undefined while there is none. */
  #shownFrom: number | undefined;
  /** Turns of an earlier life of the server: nothing of them is replayed. */
  #pastTurns = 0;

  get turn(): TurnTold {
    const turn = this.turns.at(-1);
    if (!turn) throw new Error("no turn has been told of");
    return turn;
  }

  get runs(): boolean {
    const turn = this.turns.at(-1);
    return this.turns.length > this.#pastTurns && turn !== undefined && turn.sealedAt === undefined;
  }

  /** A turn has begun, with what waited and then what was asked, and its agent has said something. */
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

  /** As the store has it after the crash: nobody was there to be told. */
  recovers(): void {
    this.stored.push(`assistant: ${this.turn.journaled}`);
  }

  compacts(summary: string): void {
    this.stored = [`system: ${summary}`];
  }

  /** The person has subscribed: what is not sealed is replayed from its beginning. */
  isWatched(): void {
    this.#shownFrom ??= this.runs ? this.turns.length - 1 : this.turns.length;
  }

  isLeft(): void {
    this.#shownFrom = undefined;
  }

  /** A status that is no other than before is not broadcast. */
  hasStatus(status: string): void {
    if (status !== this.#status) this.broadcast.push(status);
    this.#status = status;
  }

  /** The server is up again: nobody hears what it found on the way. */
  startsAgain(status: string): void {
    this.broadcast = [];
    this.#status = status;
    this.#pastTurns = this.turns.length;
    this.isLeft();
  }

  /** What the person's subscription must have shown, a line a turn. */
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

/** A transcript in the words of `shown`. */
export function linesOf({ turns }: Transcript): string[] {
  return turns.map(({ events, text }) => {
    const words: string[] = [];
    for (const event of events) {
      // However the text came in pieces, it is one.
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

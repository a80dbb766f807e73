// The turn events of the explored world. Each is stored once and has a number, so that states are small and quick to
// compare. Turns and texts are numbered from the oldest that is not forgotten.
import type { Said } from "../view.ts";

/** The index of an event in the table. */
export type EventNumber = number;

export interface TurnEvent {
  turn: number;
  type: string;
  /** Of a user-message or steering: the texts it shows. */
  texts: readonly number[];
  /** Of a delta. */
  delta: string | undefined;
  reason: string | undefined;
  said: Said;
}

export const nameOfTurn = (turn: number): string => `t${turn}`;
export const nameOfText = (text: number): string => `text ${text}`;

const showsTexts: ReadonlySet<string> = new Set(["user-message", "steering"]);

export class EventTable {
  readonly #events: TurnEvent[] = [];
  readonly #numbers = new Map<string, EventNumber>();

  at(number: EventNumber): TurnEvent {
    const event = this.#events[number];
    if (!event) throw new Error(`there is no event ${number}`);
    return event;
  }

  number(
    turn: number,
    type: string,
    { texts = [], delta, reason }: { texts?: readonly number[]; delta?: string; reason?: string | undefined } = {},
  ): EventNumber {
    const key = `${turn} ${type} ${texts.join()} ${delta ?? ""} ${reason ?? ""}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const text = showsTexts.has(type) ? texts.map(nameOfText).join("\n\n") : delta;
    const said: Said = {
      turnId: nameOfTurn(turn),
      type,
      ...(text !== undefined && { text }),
      ...(reason !== undefined && { reason }),
    };
    const number = this.#events.length;
    this.#events.push({ turn, type, texts, delta, reason, said });
    this.#numbers.set(key, number);
    return number;
  }

  /** The same event after this many turns were forgotten, with its texts renumbered. */
  renumbered(number: EventNumber, turns: number, nameOf: (text: number) => number): EventNumber {
    const { turn, type, texts, delta, reason } = this.at(number);
    return this.number(turn - turns, type, {
      texts: texts.map(nameOf),
      ...(delta !== undefined && { delta }),
      reason,
    });
  }
}

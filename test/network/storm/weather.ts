// The bad network: applies random faults to random connections at random times.

import type { Dice } from "../../support/dice.ts";
import type { Link, ThrottlingProxy } from "../../support/throttling-proxy.ts";
import type { Reader } from "./reader.ts";
import type { Story, Tally } from "./story.ts";
import type { Visitor } from "./visitor.ts";

/** A client that the faults can hit. */
export interface Exposed {
  proxy: ThrottlingProxy;
  visitor: Visitor;
  story: Story;
  reader?: Reader;
}

/** May return details for the story. */
type Happening = (link: Link, dice: Dice, someone: Exposed) => unknown;

const kilobytes = (rate: number): string => `${Math.round(rate / 1_000)} kB/s`;

const happenings: [weight: number, what: string, happen: Happening][] = [
  [5, "cut with RST", (link) => link.cut("reset")],
  [3, "cut with FIN", (link) => link.cut("fin")],
  [3, "half-open, nothing read", (link) => link.halfOpen("stalled")],
  [3, "half-open, all swallowed", (link) => link.halfOpen("swallowed")],
  [3, "killed by the client", (_link, _dice, { visitor }) => visitor.leave("kill")],
  [2, "closed by the client", (_link, _dice, { visitor }) => visitor.leave("close")],
  [2, "client forgot everything", (_link, _dice, { reader }) => reader?.forget()],
  [4, "unsubscribed and subscribed", (_link, dice, { reader }) => reader?.leaveAndReturn(dice)],
  [6, "stalled for a moment", (link, dice) => passing(link, dice.between(50, 2_000), () => link.stall())],
  [2, "stalled for long", (link, dice) => passing(link, dice.between(5_000, 16_000), () => link.stall())],
  [
    6,
    "throttled",
    (link, dice) => {
      const rate = 4_000 * 2 ** dice.between(0, 8);
      return `${kilobytes(rate)} ${passing(link, dice.between(500, 6_000), () => link.throttle(rate))}`;
    },
  ],
  [
    4,
    "bursting",
    (link, dice) => {
      const [onMs, offMs] = [dice.between(5, 100), dice.between(50, 800)];
      return passing(link, dice.between(500, 5_000), () => link.burst(onMs, offMs));
    },
  ],
  [4, "split", (link, dice) => link.split(dice.whole(1, 3_000), dice.next)],
  [4, "delayed", (link, dice) => link.delay(dice.between(5, 300))],
  [5, "freed", (link) => link.free()],
];

/** Begins a fault, and ends it after `forMs`. */
function passing(link: Link, forMs: number, begin: () => void): string {
  begin();
  setTimeout(() => link.throttle(undefined), forMs).unref();
  return `for ${Math.round(forMs)} ms`;
}

export class Weather {
  readonly #everybody: readonly Exposed[];
  readonly #dice: Dice;
  readonly #tally: Tally;
  #timer: NodeJS.Timeout | undefined;

  constructor(everybody: readonly Exposed[], dice: Dice, tally: Tally) {
    this.#everybody = everybody;
    this.#dice = dice;
    this.#tally = tally;
  }

  /** Each client meets a fault every `everyMs` on average. */
  start(everyMs: number): void {
    const next = (): void => {
      this.#happen();
      this.#timer = setTimeout(next, this.#dice.between(0, (2 * everyMs) / this.#everybody.length));
    };
    next();
  }

  /** Ends the faults and frees all open connections. */
  end(): void {
    clearTimeout(this.#timer);
    for (const { proxy } of this.#everybody) for (const link of proxy.links) link.free();
  }

  #happen(): void {
    const someone = this.#dice.pick(this.#everybody);
    const [what, happen] = this.#choose();
    const link = someone.proxy.links.at(-1);
    if (!link?.isOpen) return;
    const how = happen(link, this.#dice, someone);
    someone.story.note(`weather: ${what} ${typeof how === "string" ? how : ""}`);
    this.#tally.add(`weather: ${what}`);
  }

  #choose(): [string, Happening] {
    const all = happenings.reduce((sum, [weight]) => sum + weight, 0);
    let at = this.#dice.between(0, all);
    for (const [weight, what, happen] of happenings) {
      at -= weight;
      if (at < 0) return [what, happen];
    }
    throw new Error("unreachable: the weights add up");
  }
}

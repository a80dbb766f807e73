// Writes one thing to many sockets. A walk visits each member once, a bounded number per event-loop turn. A fan-out
// runs one walk after another; changes made during a walk go out with the next one, in order.
import type { Limits } from "../limits.ts";
import type { Clock, Timer } from "./clock.ts";
import { WorkSlice } from "./work-slice.ts";

type WalkLimits = Pick<Limits, "deferredMsPerLoopTurn" | "socketsPerLoopTurn">;

/**
 * Visits every member, at most limits.socketsPerLoopTurn in one turn of the loop, beginning in this one.
 * @param members may gain and lose members during the walk, as the iterator of a Set allows.
 * @param visit must not throw.
 * @param done called when the last member has been visited.
 */
export function walkInSlices<Member>(
  clock: Pick<Clock, "now" | "defer">,
  limits: WalkLimits,
  members: Iterator<Member>,
  visit: (member: Member) => void,
  done: () => void,
): void {
  const step = (): void => {
    const slice = new WorkSlice(clock, limits, limits.socketsPerLoopTurn);
    while (slice.takes()) {
      const next = members.next();
      if (next.done) {
        done();
        return;
      }
      visit(next.value);
    }
    clock.defer(step);
  };
  step();
}

export interface FanOutOptions<Member> {
  clock: Clock;
  limits: WalkLimits & Pick<Limits, "broadcastIntervalMs" | "broadcastSocketsPerMs">;
  /** The members that a walk visits; may change during the walk. */
  members: () => Iterable<Member>;
  /** Called when a walk begins, to take what it will write. */
  begin?: () => void;
  /** Called for each member; must not throw. */
  write: (member: Member) => void;
  /** Pause between two walks? It grows with the number of members that the first one visited. */
  isSpaced?: boolean;
}

export class FanOut<Member> {
  readonly #options: FanOutOptions<Member>;
  #walking = false;
  #wanted = false;
  #reached = 0;
  #startedAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #whenIdle: (() => void)[] = [];

  constructor(options: FanOutOptions<Member>) {
    this.#options = options;
  }

  /** Requests a walk; it begins after the current tick. */
  want(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    if (!this.#walking) this.#startSoon();
  }

  /** Begins no further walk. */
  stop(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#wanted = false;
    if (!this.#walking) this.#reportIdle();
  }

  /** Runs the callback when every requested walk is over; at once when there is none. */
  whenIdle(run: () => void): void {
    if (this.#wanted || this.#walking) this.#whenIdle.push(run);
    else run();
  }

  #startSoon(): void {
    const { clock, limits, isSpaced } = this.#options;
    const spacingMs = Math.min(limits.broadcastIntervalMs, Math.floor(this.#reached / limits.broadcastSocketsPerMs));
    const waitMs = isSpaced ? this.#startedAt + spacingMs - clock.now() : 0;
    if (waitMs > 0) this.#timer = clock.setTimeout(() => this.#start(), waitMs);
    else clock.defer(() => this.#start());
  }

  #start(): void {
    if (!this.#wanted || this.#walking) return;
    const { clock, limits, members, begin, write } = this.#options;
    this.#wanted = false;
    this.#walking = true;
    this.#reached = 0;
    this.#startedAt = clock.now();
    begin?.();
    const visit = (member: Member): void => {
      this.#reached++;
      write(member);
    };
    walkInSlices(clock, limits, members()[Symbol.iterator](), visit, () => {
      this.#walking = false;
      if (this.#wanted) this.#startSoon();
      else this.#reportIdle();
    });
  }

  #reportIdle(): void {
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const run of waiting) run();
  }
}

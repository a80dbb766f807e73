// The source of the turns of all servers, so that each server carries the same pieces in the same rhythm. A turn plays
// the script in its prompt. If the script names a stage, the turn then plays each rhythm that is queued for this stage,
// and so never ends by itself.
import { makePiece } from "../piece.ts";

export interface Rhythm {
  bursts: number;
  /** Pieces per burst, all within one tick. */
  burst: number;
  /** Pause after each burst. With 0, the source never waits. */
  pauseMs: number;
  /** Length of each piece, at least 27. */
  characters: number;
  /** Pause before the first burst. */
  firstMs?: number;
}

export interface Script extends Rhythm {
  stage?: string;
}

/** Pieces that a source without pauses yields in one turn of the event loop. */
const piecesPerLoopTurn = 64;

/** Plays a rhythm. The first piece has the number `from` + 1. */
export async function* pieces(rhythm: Rhythm, from = 0): AsyncGenerator<string, void> {
  const { bursts, burst, pauseMs, characters, firstMs = 0 } = rhythm;
  if (firstMs > 0) await pause(firstMs);
  let number = from;
  for (let done = 0; done < bursts; done++) {
    for (let index = 0; index < burst; index++) yield makePiece(++number, characters);
    if (pauseMs > 0) await pause(pauseMs);
    else if (number % piecesPerLoopTurn === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The rhythms queued for one stage, or the turn that waits for the next rhythm. */
interface Waiting {
  rhythms: Rhythm[];
  proceed?: ((rhythm: Rhythm | undefined) => void) | undefined;
}

export class Stage {
  readonly #waiting = new Map<string, Waiting>();

  /** Plays a rhythm on the turn of this stage, after all rhythms queued before. */
  play(name: string, rhythm: Rhythm): void {
    const waiting = this.#of(name);
    const { proceed } = waiting;
    waiting.proceed = undefined;
    if (proceed) proceed(rhythm);
    else waiting.rhythms.push(rhythm);
  }

  async *turn(prompt: string, signal?: AbortSignal): AsyncGenerator<string, void> {
    const { stage, ...first }: Script = JSON.parse(prompt);
    let number = 0;
    for (let next: Rhythm | undefined = first; next; next = await this.#next(stage, signal)) {
      yield* pieces(next, number);
      number += next.bursts * next.burst;
    }
  }

  async #next(name: string | undefined, signal: AbortSignal | undefined): Promise<Rhythm | undefined> {
    if (name === undefined || signal?.aborted) return undefined;
    const waiting = this.#of(name);
    const next = waiting.rhythms.shift();
    if (next) return next;
    return new Promise((resolve) => {
      waiting.proceed = resolve;
      signal?.addEventListener("abort", () => resolve(undefined), { once: true });
    });
  }

  #of(name: string): Waiting {
    let waiting = this.#waiting.get(name);
    if (!waiting) {
      waiting = { rhythms: [] };
      this.#waiting.set(name, waiting);
    }
    return waiting;
  }
}

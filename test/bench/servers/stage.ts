// Where the answers of all servers come from: the same pieces in the same rhythm, whoever carries them. A turn plays
// the script of its prompt; one that has a stage goes on with what is played on it later, and so never ends by itself.
import { makePiece } from "../piece.ts";

export interface Rhythm {
  bursts: number;
  /** Pieces in a burst: all within one tick. */
  burst: number;
  /** After each burst; 0: a source that never waits. */
  pauseMs: number;
  /** Of each piece, at least 27. */
  characters: number;
  /** Before the first burst. */
  firstMs?: number;
}

export interface Script extends Rhythm {
  stage?: string;
}

/** Pieces of a source that never waits between two turns of the loop. */
const piecesPerLoopTurn = 64;

/** Plays a rhythm; numbers go on from `from`. */
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

/** What waits to be played on one stage, or who waits for it. */
interface Waiting {
  rhythms: Rhythm[];
  proceed?: ((rhythm: Rhythm | undefined) => void) | undefined;
}

export class Stage {
  readonly #waiting = new Map<string, Waiting>();

  /** Plays on the turn of this stage, once it has played what came before. */
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

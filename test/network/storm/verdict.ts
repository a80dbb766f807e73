// The verdict on a storm: each reader must know every turn up to its end, word for word as stored, and no other turn.
import { DeadlineError, eventually } from "../../support/deadline.ts";
import type { Author, TrueTurn } from "./author.ts";
import type { Reader } from "./reader.ts";
import type { Tally } from "./story.ts";

/** What was generated, by conversation and turn. */
export type Truths = ReadonlyMap<string, ReadonlyMap<string, TrueTurn>>;

export async function truthsOf(authors: readonly Author[], tally: Tally): Promise<Truths> {
  const truths = new Map<string, ReadonlyMap<string, TrueTurn>>();
  for (const author of authors) {
    const turns = await author.truth();
    truths.set(author.options.conversationId, turns);
    for (const { reason } of turns.values()) tally.add(`turns that ended with ${reason}`);
  }
  return truths;
}

/**
 * Waits until each reader knows all turns, or until `settleMs` is over. `faultsOf` reports what a reader lacks then.
 */
export async function settle(readers: readonly Reader[], truths: Truths, settleMs: number): Promise<void> {
  const isSettled = (reader: Reader): boolean =>
    reader.visitor.failure !== undefined ||
    reader.options.conversationIds.every((id) => reader.knows(id, truths.get(id)?.keys() ?? []));
  try {
    await eventually(() => readers.every(isSettled), "all readers to know all turns", settleMs);
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
  }
}

/** Describes each fault of a reader. */
export function faultsOf(reader: Reader, truths: Truths, tally: Tally): string[] {
  if (reader.visitor.failure) return [reader.visitor.failure.message];
  const faults: string[] = [];
  for (const [id, view] of reader.views) {
    tally.add("events read", view.events);
    tally.add("joined deltas read", view.joined);
    const truth = truths.get(id) ?? new Map<string, TrueTurn>();
    const known = view.turns();
    for (const turnId of known.keys()) if (!truth.has(turnId)) faults.push(`${id}: nobody knows of its turn ${turnId}`);
    for (const [turnId, wanted] of truth) {
      const turn = known.get(turnId);
      if (!turn?.sealed) {
        faults.push(`${id}: it ${turn ? "lacks the end of" : "has nothing of"} the turn ${turnId}`);
        continue;
      }
      tally.add("turns compared");
      tally.add("characters compared", turn.text.length + turn.reasoning.length);
      for (const field of ["prompt", "text", "reasoning", "toolCalls"] as const)
        if (turn[field] !== wanted[field])
          faults.push(`${id}: ${field} of ${turnId} is ${sizeOf(turn[field])}, not ${sizeOf(wanted[field])}`);
      if (turn.reason !== undefined && turn.reason !== wanted.reason)
        faults.push(`${id}: ${turnId} ended with ${turn.reason}, not ${wanted.reason}`);
    }
  }
  return faults;
}

const sizeOf = (value: string | number): string =>
  typeof value === "number" ? `${value}` : `${value.length} characters`;

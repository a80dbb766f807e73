// Checks that the server started after a kill keeps the promises of the killed one.
import { limits } from "../../src/limits.ts";
import { isRecord } from "../support/client/transcript.ts";
import { ask, historyOf, listOf, metricsOf, statusOf } from "../support/system-http.ts";
import { type Ledger, textOf } from "./ledger.ts";

export interface Kept {
  /** Assistant text by turn, from whichever conversation or archive holds it now. */
  texts: Map<string, string>;
  /** All user texts by conversation and archive. Texts that a compaction keeps are in both. */
  said: Map<string, string[]>;
}

type Server = { httpUrl: string };

/** Reads everything that the server knows. Inconsistencies in it are added to the faults. */
export async function read(server: Server, faults: string[]): Promise<Kept> {
  const kept: Kept = { texts: new Map(), said: new Map() };
  for (const { id } of await listOf(server)) {
    const history = await historyOf(server, id).catch((error: unknown) => void faults.push(`${id}: ${error}`));
    if (!history) continue;
    const { chunks, latestSeq } = history;
    if ((chunks[0]?.seq ?? 1) !== 1 || latestSeq !== chunks.length)
      faults.push(
        `${id}: its history begins at ${chunks[0]?.seq} and ends at ${latestSeq}, with ${chunks.length} chunks`,
      );
    const texts = new Map<string, string>();
    for (const { role, chunk, turnId } of chunks)
      if (role === "assistant" && chunk.type === "text" && turnId !== undefined)
        texts.set(turnId, `${texts.get(turnId) ?? ""}${chunk.text ?? ""}`);
    for (const [turnId, text] of texts) {
      const other = kept.texts.get(turnId);
      if (other !== undefined && other !== text) faults.push(`${turnId}: is not the same in two places`);
      kept.texts.set(turnId, text);
    }
    kept.said.set(
      id,
      chunks.filter(({ role }) => role === "user").map(({ chunk }) => chunk.text ?? ""),
    );
    await readTurns(server, id, faults);
  }
  return kept;
}

/** Every turn that is not running must have ended, exactly once. */
async function readTurns(server: Server, id: string, faults: string[]): Promise<void> {
  const { isActive } = await statusOf(server, id);
  const turns = await metricsOf(server, id);
  const ids = turns.map(({ turnId }) => turnId);
  if (new Set(ids).size !== ids.length) faults.push(`${id}: a turn is there twice`);
  const open = turns.filter(({ reason }) => reason === undefined);
  if (open.length > (isActive ? 1 : 0))
    faults.push(`${id}: ${open.length} turns have no end, and ${isActive} is active`);
}

/** Text waits this long for the journal. Two milliseconds more, because timers round. */
const lateMs = limits.journalIntervalMs + 2;

/**
 * The clock alone cannot tell which text had to be stored: a busy machine may hold the server back for longer than the
 * journal waits. Its replies tell it.
 * @param wellUntil the time of the kill, or of the disk's first failure.
 */
export function judge(ledger: Ledger, kept: Kept, wellUntil: number): string[] {
  const faults: string[] = [];
  const dueUntil = ledger.ranUntil(wellUntil) - lateMs;
  for (const turn of ledger.turns.values()) {
    const { turnId, sealed, dones, generation } = turn;
    if (dones > 1) faults.push(`${turnId}: was done ${dones} times`);
    const stored = kept.texts.get(turnId) ?? "";
    const seen = textOf(turn);
    if (sealed && stored !== seen)
      faults.push(`${turnId}: sealed with ${seen.length} characters, has ${stored.length}`);
    if (sealed) continue;
    const isOfThisKill = generation === ledger.generation;
    const due = textOf(turn, isOfThisKill ? dueUntil : Number.POSITIVE_INFINITY);
    if (isOfThisKill && !stored.startsWith(due))
      faults.push(`${turnId}: ${due.length} characters were due in the journal, has ${stored.length}`);
  }
  return faults;
}

/** Each accepted text must be present exactly once, in a history or in a queue that is emptied at the end. */
export function judgeTexts(ledger: Ledger, kept: Kept): string[] {
  const faults: string[] = [];
  const counts = new Map<string, number>();
  for (const said of kept.said.values()) {
    const here = said.join("\n").match(/text-\d+/g) ?? [];
    for (const name of new Set(here)) {
      const count = here.filter((other) => other === name).length;
      counts.set(name, Math.max(counts.get(name) ?? 0, count));
    }
  }
  for (const { name, answer, mayBeGone } of ledger.posted.values()) {
    const count = counts.get(name) ?? 0;
    if (count > 1) faults.push(`${name}: is there ${count} times`);
    if (count === 0 && answer && !mayBeGone) faults.push(`${name}: was taken (${JSON.stringify(answer)}) and is gone`);
  }
  return faults;
}

export const isOk = async (server: Server, path: string, body: object): Promise<boolean> => {
  const { json, status } = await ask(server, path, { method: "POST", body });
  return status === 200 && isRecord(json);
};

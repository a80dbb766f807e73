// The part of a running turn that is not history yet. It is written to the journal during a step, and each finished
// step becomes history. Must never split a surrogate pair between two writes, nor hold text back from the journal for
// longer than limits.journalIntervalMs.
import type { AgentEvent } from "../../ports/agent.ts";
import type { QueuedMessage } from "../../ports/orchestrator.ts";
import type { JournalPart, NewChunk, StepRow, Write } from "../../ports/store.ts";
import type { Chunk, Role } from "../../protocol/chunk.ts";
import type { Usage } from "../../protocol/turn-event.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { Services } from "./context.ts";
import { addUsage } from "./usage.ts";

type StepComplete = Extract<AgentEvent, { type: "step-complete" }>;

/** Text or reasoning as its deltas: appending each to one string would build a rope for the garbage collector. */
interface Said {
  kind: "text" | "thinking";
  deltas: string[];
  /** How many of the deltas are in the journal. */
  journaled: number;
}

type Held = Extract<JournalPart, { kind: "chunk" }>;

export class TurnRecord {
  readonly #turn: { turnId: string; conversationId: string };
  readonly #services: Services;
  /** Not in the history yet. */
  #parts: (Said | Held)[] = [];
  /** Index of the first part that is not completely in the journal. */
  #unwritten = 0;
  #journalHasParts = false;
  #timer: Timer | undefined;
  /** Usage of incomplete steps by stepId; "" for usage without one. */
  #stepUsage = new Map<string, Usage>();
  usage: Usage | undefined;

  constructor(turn: { turnId: string; conversationId: string }, services: Services) {
    this.#turn = turn;
    this.#services = services;
  }

  say(kind: "text" | "thinking", text: string): void {
    const last = this.#parts.at(-1);
    if (last?.kind === kind) last.deltas.push(text);
    else this.#parts.push({ kind, deltas: [text], journaled: 0 });
    const { clock, limits } = this.#services;
    this.#timer ??= clock.setTimeout(() => this.writeJournal(), limits.journalIntervalMs);
  }

  /** A tool call or result: journaled at once, because a call may have side effects. */
  hold(role: Role, chunk: Chunk): void {
    this.#parts.push({ kind: "chunk", role, chunk });
    this.writeJournal();
  }

  count(stepId: string | undefined, usage: Usage): void {
    this.usage = addUsage(this.usage, usage);
    const key = stepId ?? "";
    this.#stepUsage.set(key, addUsage(this.#stepUsage.get(key), usage));
  }

  completeStep({ stepId, ttftMs, decodeMs, genTotalMs }: StepComplete): void {
    const usage = addUsage(this.#stepUsage.get(""), this.#stepUsage.get(stepId));
    this.#stepUsage.delete("");
    this.#stepUsage.delete(stepId);
    const step: StepRow = {
      stepId,
      ...(usage && { usage }),
      ...(ttftMs !== undefined && { ttftMs }),
      ...(decodeMs !== undefined && { decodeMs }),
      ...(genTotalMs !== undefined && { genTotalMs }),
    };
    this.#services.store.append([...this.#partsAsHistory(), { kind: "turn.step", turnId: this.#turn.turnId, step }]);
  }

  /** Moves the texts that the agent has taken from the queue to the history, in one unit. */
  steer(text: string, messages: QueuedMessage[], messageId: string | undefined): void {
    const { conversationId, turnId } = this.#turn;
    const chunks: NewChunk[] = [{ role: "user", chunk: { type: "text", text }, turnId, messageId }];
    const messageIds = messages.map(({ id }) => id);
    this.#services.store.append([
      ...this.#partsAsHistory(),
      { kind: "chunks", conversationId, chunks },
      { kind: "queue.removed", conversationId, messageIds },
    ]);
  }

  /** The writes that turn the rest into history; commit them with the turn's end. */
  rest(error: Chunk | undefined): Write[] {
    const { turnId } = this.#turn;
    if (error) this.#parts.push({ kind: "chunk", role: "assistant", chunk: error });
    const steps = [...this.#stepUsage].filter(([stepId]) => stepId !== "");
    return [
      ...this.#partsAsHistory(),
      ...steps.map(([stepId, usage]): Write => ({ kind: "turn.step", turnId, step: { stepId, usage } })),
    ];
  }

  #partsAsHistory(): Write[] {
    this.#stopTimer();
    const writes = historyWrites(this.#turn, this.#parts.map(partOf), this.#journalHasParts);
    this.#parts = [];
    this.#unwritten = 0;
    this.#journalHasParts = false;
    return writes;
  }

  /** Writes what is not in the journal yet. */
  writeJournal(): void {
    this.#stopTimer();
    const parts: JournalPart[] = [];
    for (const part of this.#parts.slice(this.#unwritten)) {
      const isLast = part === this.#parts.at(-1);
      if (part.kind === "chunk") parts.push(part);
      else {
        if (isLast) keepPairsWhole(part.deltas);
        const until = part.deltas.length - (isLast && endsInsidePair(part.deltas.at(-1)) ? 1 : 0);
        const text = part.deltas.slice(part.journaled, until).join("");
        part.journaled = until;
        if (text !== "") parts.push({ kind: part.kind, text });
      }
      // More deltas may come to a text at the end.
      if (part.kind === "chunk" || !isLast) this.#unwritten++;
    }
    if (parts.length === 0) return;
    this.#journalHasParts = true;
    this.#services.store.append([{ kind: "turn.journal", turnId: this.#turn.turnId, parts }]);
  }

  #stopTimer(): void {
    this.#services.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

const partOf = (part: Said | Held): JournalPart =>
  part.kind === "chunk" ? part : { kind: part.kind, text: part.deltas.join("") };

function endsInsidePair(text = ""): boolean {
  const unit = text.charCodeAt(text.length - 1);
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** Splits half a pair off the last delta, so that it can wait for its other half. */
function keepPairsWhole(deltas: string[]): void {
  const last = deltas.at(-1);
  if (last === undefined || last.length < 2 || !endsInsidePair(last)) return;
  deltas.splice(-1, 1, last.slice(0, -1), last.slice(-1));
}

/** The writes that turn one step's parts into history, and clear the turn's journal if they are in it. */
export function historyWrites(
  { turnId, conversationId }: { turnId: string; conversationId: string },
  parts: JournalPart[],
  areJournaled: boolean,
): Write[] {
  const chunks = historyOf(parts, turnId);
  const writes: Write[] = [];
  if (chunks.length > 0) writes.push({ kind: "chunks", conversationId, chunks });
  if (areJournaled) writes.push({ kind: "turn.journalCleared", turnId });
  return writes;
}

/** One step's parts as chunks, in the order that models expect: text and calls first, then the results. */
function historyOf(parts: JournalPart[], turnId: string): NewChunk[] {
  const chunks: NewChunk[] = [];
  for (const part of parts) {
    const last = chunks.at(-1)?.chunk;
    if (part.kind === "chunk") chunks.push({ role: part.role, chunk: part.chunk, turnId });
    else if (last?.type === part.kind) last.text += part.text;
    else chunks.push({ role: "assistant", chunk: { type: part.kind, text: part.text }, turnId });
  }
  const results = chunks.filter(({ role }) => role === "tool");
  return [...chunks.filter(({ role }) => role !== "tool"), ...results];
}

// The part of a running turn that is not history yet. It is written to the journal during a step, and each finished
// step becomes history. Must never split a surrogate pair between two writes, nor hold text back from the journal for
// longer than limits.journalIntervalMs.
import type { Limits } from "../../limits.ts";
import type { AgentEvent } from "../../ports/agent.ts";
import type { QueuedMessage } from "../../ports/orchestrator.ts";
import type { JournalPart, NewChunk, StepRow, Store, Write } from "../../ports/store.ts";
import type { Chunk, Role } from "../../protocol/chunk.ts";
import type { Usage } from "../../protocol/turn-event.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import { addUsage } from "./usage.ts";

type StepComplete = Extract<AgentEvent, { type: "step-complete" }>;

/** Text or reasoning as its deltas: appending each to one string would build a rope for the garbage collector. */
interface Said {
  kind: "text" | "thinking";
  deltas: string[];
  /** How many of the deltas are in the journal. */
  journaled: number;
}

interface Held {
  kind: "chunk";
  role: Role;
  chunk: Chunk;
}

export class TurnRecord {
  readonly #turn: { turnId: string; conversationId: string };
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #limits: Limits;
  /** Not in the history yet. */
  #parts: (Said | Held)[] = [];
  /** Index of the first part that is not completely in the journal. */
  #unwritten = 0;
  #journalHasParts = false;
  #timer: Timer | undefined;
  /** Usage of incomplete steps by stepId; "" for usage without one. */
  #stepUsage = new Map<string, Usage>();
  usage: Usage | undefined;

  constructor(
    turn: { turnId: string; conversationId: string },
    services: { store: Store; clock: Clock; limits: Limits },
  ) {
    this.#turn = turn;
    this.#store = services.store;
    this.#clock = services.clock;
    this.#limits = services.limits;
  }

  say(kind: "text" | "thinking", text: string): void {
    const last = this.#parts.at(-1);
    if (last?.kind === kind) last.deltas.push(text);
    else this.#parts.push({ kind, deltas: [text], journaled: 0 });
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#writeJournal();
    }, this.#limits.journalIntervalMs);
  }

  /** A tool call or result: journaled at once, because a call may have side effects. */
  hold(role: Role, chunk: Chunk): void {
    this.#parts.push({ kind: "chunk", role, chunk });
    this.#writeJournal();
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
    this.#store.append([...this.#partsAsHistory(), { kind: "turn.step", turnId: this.#turn.turnId, step }]);
  }

  /** Moves the texts that the agent has taken from the queue to the history, in one unit. */
  steer(text: string, messages: QueuedMessage[]): void {
    const { conversationId, turnId } = this.#turn;
    const chunks: NewChunk[] = [{ role: "user", chunk: { type: "text", text }, turnId }];
    const messageIds = messages.map(({ id }) => id);
    this.#store.append([
      ...this.#partsAsHistory(),
      { kind: "chunks", conversationId, chunks },
      { kind: "queue.removed", conversationId, messageIds },
    ]);
  }

  /** Writes the rest to the journal now; nothing may be added after. */
  close(): void {
    this.#writeJournal();
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
    const { turnId, conversationId } = this.#turn;
    this.#stopTimer();
    const chunks = historyOf(this.#parts.map(partOf), turnId);
    const writes: Write[] = [];
    if (chunks.length > 0) writes.push({ kind: "chunks", conversationId, chunks });
    if (this.#journalHasParts) writes.push({ kind: "turn.journalCleared", turnId });
    this.#parts = [];
    this.#unwritten = 0;
    this.#journalHasParts = false;
    return writes;
  }

  #writeJournal(): void {
    this.#stopTimer();
    const parts: JournalPart[] = [];
    for (; this.#unwritten < this.#parts.length; this.#unwritten++) {
      const part = this.#parts[this.#unwritten];
      if (!part) break;
      if (part.kind === "chunk") {
        parts.push(part);
        continue;
      }
      const isLast = this.#unwritten === this.#parts.length - 1;
      if (isLast) keepPairsWhole(part.deltas);
      const until = part.deltas.length - (isLast && endsInsidePair(part.deltas.at(-1)) ? 1 : 0);
      const text = part.deltas.slice(part.journaled, until).join("");
      part.journaled = until;
      if (text !== "") parts.push({ kind: part.kind, text });
      // More deltas may come.
      if (isLast) break;
    }
    if (parts.length === 0) return;
    this.#journalHasParts = true;
    this.#store.append([{ kind: "turn.journal", turnId: this.#turn.turnId, parts }]);
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
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

function addText(parts: JournalPart[], kind: "text" | "thinking", text: string): void {
  const last = parts.at(-1);
  if (last?.kind === kind) last.text += text;
  else parts.push({ kind, text });
}

/** One step's parts as chunks, in the order that models expect: text and calls first, then the results. */
export function historyOf(parts: JournalPart[], turnId: string): NewChunk[] {
  const joined: JournalPart[] = [];
  for (const part of parts) {
    if (part.kind === "chunk") joined.push(part);
    else addText(joined, part.kind, part.text);
  }
  const chunks = joined.map((part): NewChunk => {
    if (part.kind === "chunk") return { role: part.role, chunk: part.chunk, turnId };
    return { role: "assistant", chunk: { type: part.kind, text: part.text }, turnId };
  });
  const results = chunks.filter(({ role }) => role === "tool");
  return [...chunks.filter(({ role }) => role !== "tool"), ...results];
}

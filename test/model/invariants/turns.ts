// Checks the life of turns and texts in what a conversation emitted or a socket received (protocol 1.3, 1.5.6). It must
// never ask how the server came to emit that.
import type { ConversationView, Said } from "../view.ts";
import { words } from "./following.ts";

/** Checks that these are whole turns in sequence. The last may be unfinished; a late joiner may lack the first. */
export function turnsInOrder(said: readonly Said[]): string | undefined {
  const seen = new Set<string>();
  let turnId: string | undefined;
  let isDone = false;
  let isSealed = true;
  for (const [index, event] of said.entries()) {
    const wrong = (what: string): string => `event ${index + 1} is <${words(event)}>, ${what}`;
    if (event.turnId !== turnId) {
      if (seen.has(event.turnId)) return wrong("after another turn has begun");
      if (!isSealed) return wrong(`before ${turnId} is sealed`);
      if (event.type !== "user-message") return wrong("before the turn's user-message");
      seen.add(event.turnId);
      turnId = event.turnId;
      isDone = false;
      isSealed = false;
      continue;
    }
    if (isSealed) return wrong("after the turn was sealed");
    if (event.type === "user-message") return wrong("not the first of its turn");
    if (event.type === "turn-start" && said[index - 1]?.type !== "user-message") return wrong("late");
    if (isDone && event.type !== "turn-sealed") return wrong("after the turn's done");
    if (event.type === "turn-sealed") {
      if (!isDone) return wrong("without a done");
      isSealed = true;
    }
    if (event.type === "done") {
      isDone = true;
      const hadError = said.slice(0, index).some((other) => other.turnId === turnId && other.type === "error");
      if (event.reason === "error" && !hadError) return wrong("without an error event before");
    }
  }
  return undefined;
}

const isOver = (said: readonly Said[]): boolean => said.length === 0 || said.at(-1)?.type === "turn-sealed";

const spoken: ReadonlySet<string> = new Set(["text-delta", "reasoning-delta", "tool-call", "steering"]);

/** Finds output after a cancel, a done that does not fit the cancels, and, at rest, an end that never came. */
export function endsOfTurns({ emitted, cancelled }: ConversationView, atRest: boolean): string | undefined {
  for (const { turnId, at } of cancelled) {
    const after = emitted.slice(at).filter((event) => event.turnId === turnId);
    const late = after.find(({ type }) => spoken.has(type));
    if (late) return `<${words(late)}> was emitted after ${turnId} was cancelled`;
    const done = after.find(({ type }) => type === "done");
    if (done && done.reason !== "aborted") return `${turnId} was cancelled, and its done says ${done.reason}`;
    if (atRest && !done) return `${turnId} was cancelled and has no done`;
  }
  for (const { turnId, type, reason } of emitted)
    if (type === "done" && reason === "aborted" && !cancelled.some((one) => one.turnId === turnId))
      return `${turnId} is aborted though nobody stopped it`;
  const last = emitted.at(-1);
  return atRest && last?.type === "done" ? `${last.turnId} is never sealed` : undefined;
}

/** Checks that accepted texts come out in order and once, and that all texts queued at a turn's end open the next. */
export function textsComeOut({ emitted, texts }: ConversationView, atRest: boolean): string | undefined {
  let out = 0;
  let sealedAt = -1;
  let lastReason: string | undefined;
  for (const [index, event] of emitted.entries()) {
    if (event.type === "done") lastReason = event.reason;
    if (event.type === "turn-sealed") sealedAt = index;
    if (event.type !== "user-message" && event.type !== "steering") continue;
    const first = out;
    let joined: string | undefined;
    for (let text = texts[out]; text && text.at <= index && joined !== event.text; text = texts[++out])
      joined = joined === undefined ? text.text : `${joined}\n\n${text.text}`;
    if (joined !== event.text)
      return `<${words(event)}> does not show the texts that waited: ${JSON.stringify(texts.slice(first, out))}`;
    const left = texts[out];
    if (event.type === "user-message" && sealedAt >= 0 && left && left.at <= sealedAt)
      return `<${words(event)}> leaves out ${JSON.stringify(left.text)}, which waited when the turn before ended`;
  }
  const left = texts[out];
  if (atRest && left && isOver(emitted) && lastReason !== "interrupted")
    return `${JSON.stringify(left.text)} waits for ever`;
  return undefined;
}

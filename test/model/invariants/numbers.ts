// Replies, verdicts and numbers of protocol 2, looked at from outside. Must never ask how the server came by them.
import type { ConversationView, RepliesView, Said, View, WatchView } from "../view.ts";
import { follow } from "./following.ts";

/** A reply that nobody asked for, one that comes again, one that says something else; and, where it is due, none. */
export function repliesFit({ owed, received }: RepliesView, isDue: boolean): string | undefined {
  const seen = new Set<string>();
  for (const { id, text } of received) {
    const due = owed.find((one) => one.id === id);
    if (!due) return `the reply ${text} to ${id} came, and nobody asked`;
    if (seen.has(id)) return `a second reply to ${id} came: ${text}`;
    if (!due.anyOf.includes(text)) return `the reply ${text} to ${id} came, where ${due.anyOf.join(" or ")} was due`;
    seen.add(id);
  }
  const missing = isDue ? owed.find(({ id }) => !seen.has(id)) : undefined;
  return missing && `the reply to ${missing.id} never came: ${missing.anyOf.join(" or ")}`;
}

/** Does an event have the same number for all who got it, and does each epoch count without a hole? */
export function numbersFit(conversation: ConversationView, { sockets }: View): string | undefined {
  const numbers = new Map<number, string>();
  const firsts = new Map<string, number>();
  for (const { name, watches } of sockets)
    for (const watch of watches) {
      if (watch.conversationId !== conversation.id || !watch.numbers) continue;
      const following = follow(conversation, watch);
      if ("problem" in following) continue;
      for (const [index, { epoch, seq }] of watch.numbers.entries()) {
        const after = following.ends[index] ?? 0;
        const number = `seq ${seq} of ${epoch}`;
        const known = numbers.get(after) ?? number;
        if (known !== number) return `event ${after} is ${number} for ${name}, and was ${known} for another`;
        const first = firsts.get(epoch) ?? after - seq;
        if (first !== after - seq) return `event ${after} is ${number} for ${name}, where seq ${after - first} was due`;
        numbers.set(after, number);
        firsts.set(epoch, first);
      }
    }
  return undefined;
}

/** What a watch has seen of turns, with what its client had seen before of the one in which it goes on. */
export function seenBy(watch: WatchView, { emitted }: ConversationView): readonly Said[] {
  const [from = 0] = watch.from;
  const last = emitted[from - 1];
  if (!watch.isResumed || !last || last.type === "turn-sealed") return watch.received;
  return [...emitted.slice(0, from).filter(({ turnId }) => turnId === last.turnId), ...watch.received];
}

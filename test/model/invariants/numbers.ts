// Replies and sequence numbers of protocol 2, seen from outside. Must never ask how the server came by them.
import type { ConversationView, RepliesView, Said, View, WatchView } from "../view.ts";
import { follow } from "./following.ts";

/** Finds a reply without a request, a repeated reply, a wrong reply, and, if replies are due, a missing one. */
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

/** Checks that an event has the same number on every socket, and that each epoch counts without a gap. */
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

/** The events of a watch. If it resumed in mid-turn, also that turn's earlier events, which its client already had. */
export function seenBy(watch: WatchView, { emitted }: ConversationView): readonly Said[] {
  const [from = 0] = watch.from;
  const last = emitted[from - 1];
  if (!watch.isResumed || !last || last.type === "turn-sealed") return watch.received;
  return [...emitted.slice(0, from).filter(({ turnId }) => turnId === last.turnId), ...watch.received];
}

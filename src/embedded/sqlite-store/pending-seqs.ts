// Where a conversation's history will end when all that is pending is committed. Mirrors what apply-write.ts does to
// seqs, and must never do anything else.
import type { Write } from "../../ports/store.ts";

export function latestSeqOf(
  conversationId: string,
  pending: readonly Write[],
  committed: (conversationId: string) => number,
): number {
  const ends = new Map<string, number>();
  const end = (id: string): number => ends.get(id) ?? committed(id);
  for (const write of pending) {
    if (write.kind === "chunks") {
      ends.set(write.conversationId, end(write.conversationId) + write.chunks.length);
    } else if (write.kind === "conversation.compacted") {
      ends.set(write.archive.id, end(write.id));
      ends.set(write.id, write.chunks.length);
    }
  }
  return end(conversationId);
}

// Computes a conversation's latest seq as it will be once all pending writes are committed. Must always number chunks
// as apply-write.ts does.
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

// One turn at full speed to many watchers, and its cost to the server.
import { type Peer, until } from "./peer.ts";
import type { ServerProcess } from "./server-process.ts";

const turnMs = 60_000;
const lookMs = 100;
const deltaCharacters = 40;

export interface TurnFigures {
  cpuPerDeliveryUs: number;
  deliveriesPerSecond: number;
  rssPeakBytes: number;
  /** Watchers that saw a hole in the seqs, or too few events. */
  cheated: number;
}

/** Resolves when each watcher has the turn's last event. */
export async function playTurn(
  server: ServerProcess,
  watchers: Peer[],
  conversationId: string,
  tokens: number,
): Promise<TurnFigures> {
  const [asker] = watchers;
  if (!asker) throw new Error("a turn needs a watcher");
  const before = await server.figures();
  const start = watchers.map(({ sealed, events, holes }) => ({ sealed, events, holes }));
  const startedAt = performance.now();
  const peak = watchPeak(server);
  const message = JSON.stringify({ tokens, size: deltaCharacters, delayMs: 0 });
  asker.send({ type: "chat.send", conversationId, message, model: "demo/script" });
  const isThrough = (): boolean => watchers.every((peer, index) => peer.sealed > (start[index]?.sealed ?? 0));
  try {
    await until(isThrough, turnMs, `a turn of ${tokens} deltas reaching ${watchers.length} sockets`);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}; ${stateOf(watchers)}`, { cause: await peak() });
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const rssPeakBytes = await peak();
  const after = await server.figures();
  const seen = watchers.map((peer, index) => peer.events - (start[index]?.events ?? 0));
  const deliveries = seen.reduce((sum, events) => sum + events, 0);
  const cheated = watchers.filter(
    (peer, index) => peer.holes > (start[index]?.holes ?? 0) || (seen[index] ?? 0) < tokens,
  ).length;
  return {
    cpuPerDeliveryUs: ((after.cpuMs - before.cpuMs) * 1_000) / deliveries,
    deliveriesPerSecond: deliveries / seconds,
    rssPeakBytes,
    cheated,
  };
}

/** Describes the progress of the watchers, for a turn that does not reach all of them. */
function stateOf(watchers: Peer[]): string {
  const closed = watchers.filter((peer) => peer.closed || peer.closeCode !== undefined);
  const seqs = watchers.map(({ seq }) => seq);
  const [asker] = watchers;
  return [
    `${closed.length} closed (${closed.slice(0, 3).map(({ closeCode }) => closeCode)})`,
    `seqs ${Math.min(...seqs)} to ${Math.max(...seqs)}`,
    `the asker is at ${asker?.seq} and heard last: ${asker?.heard}`,
  ].join(", ");
}

/** Polls the server's RSS. The returned function stops the polling and resolves with the largest value. */
function watchPeak(server: ServerProcess): () => Promise<number> {
  let peak = 0;
  let watching = true;
  const looking = (async () => {
    while (watching) {
      peak = Math.max(peak, (await server.figures()).rssBytes);
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
  })();
  return async () => {
    watching = false;
    await looking;
    return peak;
  };
}

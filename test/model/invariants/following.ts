// Compares what a watch received with what its conversation emitted. It must allow only one difference:
// adjacent deltas of one turn may have come as one (protocol 1.5.1).
import type { ConversationView, Said, WatchView } from "../view.ts";

/**
 * How far a watch has come in `emitted`: the index after the last event it has received, and that after each of them;
 * or what is wrong.
 */
export type Following = { next: number; ends: readonly number[] } | { problem: string };

const joinable: ReadonlySet<string> = new Set(["text-delta", "reasoning-delta"]);

/** An event in short words, for a person who reads a counterexample. */
export function words({ turnId, type, text, reason }: Said): string {
  const shown = text !== undefined && text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return [turnId, type, shown === undefined ? undefined : JSON.stringify(shown), reason]
    .filter((word) => word !== undefined)
    .join(" ");
}

/** Tries every position where the watch may begin, and returns the result that explains most of its events. */
export function follow({ emitted }: ConversationView, watch: WatchView): Following {
  let best: Following = { problem: "a watch that begins nowhere" };
  for (const from of watch.from) {
    const following = followFrom(emitted, watch, from);
    if ("problem" in best || ("next" in following && following.next > best.next)) best = following;
  }
  return best;
}

function followFrom(emitted: readonly Said[], watch: WatchView, from: number): Following {
  const until = Math.min(watch.to ?? emitted.length, emitted.length);
  const liveFrom = watch.liveFrom ?? Number.POSITIVE_INFINITY;
  const ends: number[] = [];
  let next = from;
  for (const [index, got] of watch.received.entries()) {
    const wrong = (what: string): Following => ({ problem: `its event ${index + 1} is <${words(got)}>${what}` });
    const due = emitted[next];
    if (due === undefined || next >= until) return wrong(", where nothing was due");
    if (due.turnId !== got.turnId || due.type !== got.type || due.reason !== got.reason)
      return wrong(`, where <${words(due)}> was due`);
    const first = next++;
    let text = due.text;
    if (joinable.has(due.type))
      for (let more = emitted[next]; more && next < until; more = emitted[++next]) {
        const isShort = (text ?? "").length < (got.text ?? "").length;
        if (!isShort || more.turnId !== due.turnId || more.type !== due.type) break;
        text = (text ?? "") + (more.text ?? "");
      }
    if (text !== got.text) return wrong(`, where <${words({ ...due, text })}> was due`);
    if (next - first > 1 && next > liveFrom) return wrong(": joined, though it was live");
    ends.push(next);
  }
  return { next, ends };
}

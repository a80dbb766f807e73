// Texts that were sent and not yet seen to have arrived. The wire acknowledges neither a send nor a queued text, so
// each waits here until an event or the queue shows it; one that was refused or lost goes back to its writer. Pure.

/**
 * @import { QueuedMessage } from "../ports/orchestrator.ts"
 * @import { TurnEventBody } from "../protocol/turn-event.ts"
 *
 * @typedef {{ text: string, via: "send" | "queue" }} Entry
 */

export function createOutbox() {
  /** @type {Entry[]} */
  let entries = [];

  /** @param {Entry | undefined} entry */
  const remove = (entry) => {
    entries = entries.filter((other) => other !== entry);
  };

  /**
   * The text may be, or contain, texts that were waiting.
   * @param {string} text
   */
  function seeText(text) {
    let rest = text;
    for (const entry of entries) {
      const sent = entry.text.trim();
      if (!rest.includes(sent)) continue;
      rest = rest.replace(sent, () => "");
      remove(entry);
    }
  }

  return {
    /** @returns {readonly Entry[]} Oldest first. */
    entries: () => entries,
    /** @param {Entry} entry */
    add(entry) {
      entries = [...entries, entry];
    },
    /** @param {TurnEventBody} event of a turn of the conversation */
    seeEvent(event) {
      if (event.type === "user-message" || event.type === "steering") seeText(event.text);
      // The core event profile brings no texts: the turn that starts is taken for the one that was asked for.
      else if (event.type === "turn-start") remove(entries.find((entry) => entry.via === "send"));
    },
    /**
     * The queue as the server shows it. Each queued text accounts for one waiting text.
     * @param {readonly Pick<QueuedMessage, "id" | "text">[]} messages
     * @param {ReadonlySet<string>} knownIds of those shown before
     */
    seeQueue(messages, knownIds) {
      for (const { id, text } of messages) {
        if (knownIds.has(id)) continue;
        remove(entries.find((entry) => entry.via === "queue" && entry.text.trim() === text.trim()));
      }
    },
    /** A refusal names no text: it is the answer to the oldest one, which is taken out. Undefined when none waits. */
    takeRefused() {
      const [oldest] = entries;
      remove(oldest);
      return oldest;
    },
    /**
     * Of these entries, what is in none of these texts (all that the server knows of) never arrived: it is taken out.
     * @param {readonly Entry[]} candidates
     * @param {readonly string[]} texts
     */
    takeLost(candidates, texts) {
      texts.forEach(seeText);
      const lost = entries.filter((entry) => candidates.includes(entry));
      lost.forEach(remove);
      return lost;
    },
  };
}

// Texts that were sent and not yet seen to have arrived. The wire acknowledges neither a send nor a queued text, so
// each waits here until an event or the queue shows it; one that was refused or lost goes back to its writer. Pure.

/**
 * @import { QueuedMessage } from "../ports/orchestrator.ts"
 * @import { TurnEventBody } from "../protocol/turn-event.ts"
 *
 * @typedef {{ text: string, via: "send" | "queue" }} Entry
 * @typedef {{ entries: Entry[] }} Outbox
 */

/** @returns {Outbox} */
export const createOutbox = () => ({ entries: [] });

/**
 * @param {Outbox} outbox
 * @param {string} text
 * @param {Entry["via"]} via
 */
export function addText(outbox, text, via) {
  const entry = { text, via };
  outbox.entries.push(entry);
  return entry;
}

/**
 * @param {Outbox} outbox
 * @param {Entry | undefined} entry
 */
const remove = (outbox, entry) => {
  outbox.entries = outbox.entries.filter((other) => other !== entry);
};

/**
 * A turn event of the conversation: its text may be, or contain, texts that were waiting. True if one arrived.
 * @param {Outbox} outbox
 * @param {TurnEventBody} event
 */
export function seeEvent(outbox, event) {
  const waiting = outbox.entries.length;
  if (event.type === "user-message" || event.type === "steering") seeText(outbox, event.text);
  // The core event profile brings no texts: the turn that starts is taken for the one that was asked for.
  else if (event.type === "turn-start")
    remove(
      outbox,
      outbox.entries.find((entry) => entry.via === "send"),
    );
  return outbox.entries.length < waiting;
}

/**
 * @param {Outbox} outbox
 * @param {string} text
 */
function seeText(outbox, text) {
  let rest = text;
  for (const entry of [...outbox.entries]) {
    const sent = entry.text.trim();
    if (!rest.includes(sent)) continue;
    rest = rest.replace(sent, () => "");
    remove(outbox, entry);
  }
}

/**
 * The queue as the server shows it. Each queued text accounts for one waiting text.
 * @param {Outbox} outbox
 * @param {readonly Pick<QueuedMessage, "id" | "text">[]} messages
 * @param {ReadonlySet<string>} knownIds of those shown before
 */
export function seeQueue(outbox, messages, knownIds) {
  for (const { id, text } of messages) {
    if (knownIds.has(id)) continue;
    const entry = outbox.entries.find((other) => other.via === "queue" && other.text.trim() === text.trim());
    if (entry) remove(outbox, entry);
  }
}

/**
 * A refusal names no text: it is the answer to the oldest one. Returns that entry, or undefined.
 * @param {Outbox} outbox
 */
export function takeRefused(outbox) {
  return outbox.entries.shift();
}

/**
 * Of these entries, what is in none of these texts (all that the server knows of) never arrived: it is taken out.
 * @param {Outbox} outbox
 * @param {readonly Entry[]} candidates
 * @param {readonly string[]} texts
 */
export function takeLost(outbox, candidates, texts) {
  for (const text of texts) seeText(outbox, text);
  const lost = outbox.entries.filter((entry) => candidates.includes(entry));
  for (const entry of lost) remove(outbox, entry);
  return lost;
}

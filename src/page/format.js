// Numbers, times and titles as a person reads them. Pure.
import { classifyLine, parseInline } from "./prose.js";

/**
 * @import { ReasoningEffort } from "../protocol/chat-send.ts"
 * @import { Usage } from "../protocol/turn-event.ts"
 */

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
const count = new Intl.NumberFormat("en");

/** @type {[unit: Intl.RelativeTimeFormatUnit, ms: number][]} */
const units = [
  ["year", 365 * 86_400_000],
  ["month", 30 * 86_400_000],
  ["week", 7 * 86_400_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/**
 * "now", "5 min. ago", "yesterday".
 * @param {number} thenMs
 * @param {number} nowMs
 */
export function relativeTime(thenMs, nowMs) {
  const passedMs = Math.max(0, nowMs - thenMs);
  for (const [unit, unitMs] of units) {
    if (passedMs >= unitMs) return relative.format(-Math.floor(passedMs / unitMs), unit);
  }
  return "now";
}

/**
 * "340 ms", "2.4 s", "3 min 5 s".
 * @param {number} ms
 */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/**
 * "1,204 tokens in, 56 out".
 * @param {Usage} usage
 */
export function usageText({ inputTokens, outputTokens }) {
  return `${count.format(inputTokens)} tokens in, ${count.format(outputTokens)} out`;
}

/**
 * What a compaction did (protocol 1.2).
 * @param {{ messagesSummarized: number, messagesKept: number }} compaction
 */
export function compactionText({ messagesSummarized, messagesKept }) {
  const summarised = messagesSummarized === 1 ? "1 message was" : `${count.format(messagesSummarized)} messages were`;
  return `${summarised} summarised, ${count.format(messagesKept)} kept.`;
}

/**
 * A title as plain text: its first line without its Markdown; "Untitled" when there is none.
 * @param {string | null | undefined} title
 */
export function titleText(title) {
  const line = title?.split("\n").find((candidate) => candidate.trim() !== "") ?? "";
  const { kind, text } = classifyLine(line);
  // A number at its beginning may be all that a title says: "2. Trial".
  const rest = kind === "number" || kind === "fence" ? line : text;
  const words = parseInline(rest).map((part) => part.text);
  return words.join("").replaceAll("```", "").trim() || line.trim() || "Untitled";
}

/** @type {ReadonlyMap<string | undefined, string>} */
const endings = new Map([
  ["length", "Output limit reached"],
  ["tool-calls", "Step limit reached"],
  ["aborted", "Stopped"],
  ["interrupted", "Interrupted: the server stopped"],
]);

/**
 * What to say of a turn's end; nothing when it ended as hoped, or with an error that speaks for itself.
 * @param {string | undefined} reason
 */
export const endingText = (reason) => endings.get(reason);

/** @type {Record<ReasoningEffort, string>} */
export const effortLabels = {
  low: "Low effort",
  medium: "Medium effort",
  high: "High effort",
  xhigh: "Extra high effort",
  max: "Max effort",
};

/**
 * @param {string} value
 * @returns {value is ReasoningEffort}
 */
export const isEffort = (value) => Object.hasOwn(effortLabels, value);

/**
 * An id made here, for randomUUID is missing on plain-HTTP pages from another machine.
 * @param {Pick<Crypto, "getRandomValues">} crypto
 */
export function newConversationId(crypto) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte, index) => {
    // The version and the variant of a random UUID (RFC 9562 5.4).
    const set = index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte;
    return set.toString(16).padStart(2, "0");
  }).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

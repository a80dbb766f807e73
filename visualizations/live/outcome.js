// What came of an event, in words: the states it led to, or why it did nothing. Pure.
import { stateWords } from "./format.js";

/**
 * @import { LogEntry } from "./log.js"
 *
 * @typedef {{ refusedBy?: string[] | undefined, declared?: "ignores" | "neverGets" | undefined }} Refusal
 * @typedef {{ text: string, kind: "changed" | "handled" | "ignored" | "failed" }} Outcome
 */

/**
 * What came of an entry, in a few words.
 * @param {LogEntry} entry
 * @returns {Outcome}
 */
export function outcomeOf(entry) {
  const { type, changed, handled, transitions, how } = entry;
  if (type === "moved" && !handled) return nothing(entry);
  if (type === "moved" && changed.length > 0)
    return { text: `→ ${changed.map((state) => stateWords(state)[1]).join(", ")}`, kind: "changed" };
  if (type === "moved") return { text: transitions?.length ? "handled" : "", kind: "handled" };
  if (type === "ended" && how === "error") return { text: "failed", kind: "failed" };
  if (type === "ended") return { text: how ?? "", kind: "changed" };
  return { text: "", kind: "handled" };
}

/**
 * @param {Refusal} refusal
 * @returns {Outcome}
 */
function nothing({ refusedBy = [], declared }) {
  const [guard, ...others] = refusedBy;
  if (guard !== undefined) {
    const text = others.length === 0 ? `refused: ${guard}` : `refused by ${refusedBy.length} guards`;
    return { text, kind: "ignored" };
  }
  if (declared === "neverGets") return { text: "not expected here", kind: "failed" };
  return { text: declared === "ignores" ? "ignored" : "no transition", kind: "ignored" };
}

/**
 * Why an event did nothing, in a sentence.
 * @param {Refusal} refusal
 */
export function refusalWords({ refusedBy = [], declared }) {
  if (refusedBy.length === 1) return `a guard refused: ${refusedBy[0]}`;
  if (refusedBy.length > 1) return `all guards refused: ${refusedBy.join(", ")}`;
  const declares = {
    ignores: "the chart ignores it here on purpose",
    neverGets: "the chart says that it cannot come here (neverGets)",
  };
  const why = "no state here has a transition for it";
  return declared === undefined ? why : `${why}; ${declares[declared]}`;
}

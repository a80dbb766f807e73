// States, events, names, times and sizes as a person reads them. Pure.

/** @import { ActorSummary } from "../../src/diagnostics/inspection/answers.ts" */

const count = new Intl.NumberFormat("en");

/**
 * "10,000".
 * @param {number} value
 */
export const number = (value) => count.format(value);

/**
 * "340 ms", "2.4 s", "3 min", "2 h 5 min", "3 d".
 * @param {number} ms
 */
export function duration(ms) {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600)
    return seconds < 600 && seconds % 60 > 0 ? `${minutes(seconds)} ${seconds % 60} s` : minutes(seconds);
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${minutes(seconds % 3600)}`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** @param {number} seconds */
const minutes = (seconds) => `${Math.floor(seconds / 60)} min`;

/**
 * "0 B", "12.5 KiB", "3.2 MiB".
 * @param {number} value
 */
export function bytes(value) {
  if (value < 1024) return `${value} B`;
  const kibibytes = value / 1024;
  return kibibytes < 1024 ? `${kibibytes.toFixed(1)} KiB` : `${(kibibytes / 1024).toFixed(1)} MiB`;
}

/**
 * "14:03:27.041", in the reader's own time zone.
 * @param {number} ms
 */
export function timeOfDay(ms) {
  const date = new Date(ms);
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()];
  const clockTime = parts.map((value) => String(value).padStart(2, "0")).join(":");
  return `${clockTime}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** Of an address that names a moment which this page has not seen. */
export const unknownMoment = "What was at the moment that this address names is not known: you began to watch later.";

/**
 * What would turn the text around it, or show nothing, in its numbers: an id may be any text.
 * @param {string} text
 */
export const plain = (text) =>
  text.replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, (mark) => `\\u{${mark.charCodeAt(0).toString(16)}}`);

/**
 * A long id by its beginning: eight characters tell random ids apart.
 * @param {string} id
 */
export const short = (id) => plain(id.length > 20 ? `${id.slice(0, 8)}…` : id);

/**
 * ["flow", "congested"] for "connection.open.flow.congested": the state, and what it is a state of.
 * @param {string} state
 * @returns {[of: string, word: string]}
 */
export function stateWords(state) {
  const path = state.split(".").slice(1);
  return [path.at(-2) ?? "", path.at(-1) ?? state];
}

/**
 * What XState calls in its own way, as a person would say it; any other event as it is.
 * @param {string} event
 */
export function eventWords(event) {
  const [, how, child] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(event) ?? [];
  if (child !== undefined) return `${child} ${how === "done" ? "is done" : "has failed"}`;
  const [, delay] = /^xstate\.after\.([^.]+)\./.exec(event) ?? [];
  return delay === undefined ? event : `after ${delay}`;
}

/**
 * The parts of a transition's key (src/diagnostics/inspection/transition-key.ts).
 * @param {string} key
 */
export function transitionParts(key) {
  const [source = "", event = "", branch] = key.split(" ");
  return { source, event, branch: Number(branch) };
}

/**
 * What an actor is called beside its kind: "4f3a91c2…", or "4f3a91c2… for socket 90ab12cd…".
 * @param {Pick<ActorSummary, "id" | "chart" | "names">} actor
 */
export function nameOf({ id, chart, names }) {
  const { connectionId, conversationId, surfaceId } = names;
  const words = [surfaceId, conversationId].flatMap((id) => (id ? [short(id)] : [])).join(" of ");
  if (chart === "connection" && connectionId) return short(connectionId);
  if (words !== "" && connectionId) return `${words} for socket ${short(connectionId)}`;
  return words || (connectionId ? short(connectionId) : id);
}

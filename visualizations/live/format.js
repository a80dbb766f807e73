// States, events, names, times and sizes as a person reads them. Pure.

const count = new Intl.NumberFormat("en");

/** "10,000". */
export const number = (value) => count.format(value);

/** "340 ms", "2.4 s", "3 min", "2 h 5 min", "3 d". */
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

const minutes = (seconds) => `${Math.floor(seconds / 60)} min`;

/** "0 B", "12.5 KiB", "3.2 MiB". */
export function bytes(value) {
  if (value < 1024) return `${value} B`;
  const kibibytes = value / 1024;
  return kibibytes < 1024 ? `${kibibytes.toFixed(1)} KiB` : `${(kibibytes / 1024).toFixed(1)} MiB`;
}

/** "14:03:27.041", in the reader's own time zone. */
export function timeOfDay(ms) {
  const date = new Date(ms);
  const two = (value) => String(value).padStart(2, "0");
  const clockTime = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${clockTime}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** What would turn the text around it, or show nothing, in its numbers: an id may be any text. */
export const plain = (text) =>
  text.replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, (mark) => `\\u{${mark.codePointAt(0).toString(16)}}`);

/** A long id by its beginning: eight characters tell random ids apart. */
export const short = (id) => plain(id.length > 20 ? `${id.slice(0, 8)}…` : id);

/** ["flow", "congested"] for "connection.open.flow.congested": the state, and what it is a state of. */
export function stateWords(state) {
  const path = state.split(".").slice(1);
  return path.length === 0 ? ["", state] : [path.at(-2) ?? "", path.at(-1)];
}

/** What XState calls in its own way, as a person would say it; any other event as it is. */
export function eventWords(event) {
  const [, how, child] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(event) ?? [];
  if (child !== undefined) return `${child} ${how === "done" ? "is done" : "has failed"}`;
  const [, delay] = /^xstate\.after\.([^.]+)\./.exec(event) ?? [];
  return delay === undefined ? event : `after ${delay}`;
}

/** {source, event, branch} of a transition's key. */
export function transitionParts(key) {
  const [source, event, branch] = key.split(" ");
  return { source, event, branch: Number(branch) };
}

/** What an actor is called beside its kind: "4f3a91c2…", or "4f3a91c2… for socket 90ab12cd…". */
export function nameOf({ id, chart, names }) {
  const { connectionId, conversationId, surfaceId } = names;
  const words = [surfaceId, conversationId].filter(Boolean).map(short).join(" of ");
  if (chart === "connection" && connectionId) return short(connectionId);
  if (words !== "" && connectionId) return `${words} for socket ${short(connectionId)}`;
  return words || (connectionId ? short(connectionId) : id);
}

// The actor that is being watched: its log, what the server says of it, and how it ended. One that has ended stays as
// it was last, for as long as somebody looks at it. It is recorded while the page is hidden as well: a fault is often
// provoked in another tab.
import { statusOf } from "/http.js";
import { createLog } from "./log.js";
import { followLines } from "./stream.js";

/**
 * @import { Clock } from "/clock.js"
 * @import { ActorDetail, ActorSummary } from "../../src/diagnostics/inspection/answers.ts"
 * @import { Api } from "./api.js"
 * @import { ActorLine } from "./stream.js"
 *
 * @typedef {ActorSummary & Partial<Omit<ActorDetail, keyof ActorSummary>>} Detail The stream brings the summary alone.
 *
 * @typedef {object} Ending
 * @property {"done" | "stopped" | "error" | "gone"} how "gone": its end was not seen.
 * @property {number} at
 * @property {string | undefined} [event]
 *
 * @typedef {ReturnType<typeof watchActor>} Watched
 */

/**
 * @param {string} id
 * @param {object} options
 * @param {Pick<Api, "actor" | "stream">} options.api
 * @param {Clock} options.clock
 * @param {() => void} options.onChange
 * @param {(keys: readonly string[]) => void} options.onTaken transitions that have just been taken
 */
export function watchActor(id, { api, clock, onChange, onTaken }) {
  const log = createLog();
  /** @type {number | undefined} */
  let startedAt;
  /** @type {Detail | undefined} */
  let detail;
  /** @type {readonly string[]} */
  let states = [];
  /** @type {Ending | undefined} */
  let ending;
  /** @type {string | undefined} */
  let trouble;

  /** @param {ActorLine} line */
  function receive(line) {
    if (ending) return;
    const { at } = line;
    if (line.type === "actor.shown") {
      if (startedAt !== undefined && line.startedAt !== startedAt) {
        // The server was started anew in between, and has given the same id to another actor.
        ending = { how: "gone", at };
        stream.stop();
      } else {
        log.add({ type: startedAt === undefined ? "shown" : "again", at, states: line.actor.states });
        startedAt = line.startedAt;
        detail = { ...detail, ...line.actor };
        states = line.actor.states;
      }
    } else {
      states = line.states;
      if (line.type === "actor.started") log.add({ ...line, type: "started" });
      else if (line.type === "actor.moved") {
        log.add({ ...line, type: "moved" });
        onTaken(line.transitions);
      } else {
        log.add({ ...line, type: "ended" });
        ending = { how: line.how, at, event: line.event };
      }
    }
    onChange();
  }

  const stream = followLines({
    open: (signal) => api.stream(id, signal),
    clock,
    onLine: receive,
    onLost() {
      log.add({ type: "gap", at: clock.wall() });
      onChange();
    },
    onGone() {
      ending = { how: "gone", at: clock.wall() };
      onChange();
    },
    onTrouble(sentence) {
      trouble = sentence;
      onChange();
    },
  });

  return {
    id,
    /** It lives, or has ended while it was watched. */
    isRecorded: false,
    log,
    /** As GET /inspect/actors/:id gave it last, or as the stream showed it. */
    get detail() {
      return detail;
    },
    /** The states of now. */
    get states() {
      return states;
    },
    /** Undefined while it lives. */
    get ending() {
      return ending;
    },
    get trouble() {
      return trouble;
    },
    /** Asks for what no event brings: bytes, cursor, deadlines, children. */
    async refresh() {
      if (ending) return;
      try {
        const next = await api.actor(id);
        if (ending) return;
        detail = next;
        onChange();
      } catch (error) {
        // The stream brings the end; what else is wrong the overview says.
        if (statusOf(error) !== 404) throw error;
      }
    },
    stop: stream.stop,
  };
}

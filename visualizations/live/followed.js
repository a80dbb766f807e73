// The conversation that is being watched: what its actors do, for as long as somebody looks at it. It is recorded while
// the page is hidden as well.
import { createConversationLog } from "./conversation-log.js";
import { followLines } from "./stream.js";

/**
 * @import { Timers } from "/clock.js"
 * @import { ConversationLine } from "../../src/diagnostics/inspection/answers.ts"
 * @import { Api } from "./api.js"
 *
 * @typedef {ReturnType<typeof followConversation>} Followed
 */

/**
 * @param {string} id
 * @param {object} options
 * @param {Pick<Api, "conversation">} options.api
 * @param {Timers} options.clock
 * @param {() => void} options.onChange
 */
export function followConversation(id, { api, clock, onChange }) {
  const log = createConversationLog();
  /** @type {number | undefined} */
  let startedAt;
  let hasOmitted = false;
  /** @type {string | undefined} */
  let trouble;

  /** @param {Exclude<ConversationLine, { type: "still.here" }>} line */
  function receive(line) {
    if (line.type === "conversation.shown") {
      if (startedAt !== undefined && line.startedAt !== startedAt) log.clear();
      startedAt = line.startedAt;
      hasOmitted = false;
    } else if (line.type === "actor.shown") log.meet(line.actor);
    else if (line.type === "actors.omitted") hasOmitted = true;
    else log.add(line);
    onChange();
  }

  const stream = followLines({
    open: (signal) => api.conversation(id, signal),
    clock,
    onLine: receive,
    onLost() {
      log.interrupt();
      onChange();
    },
    onGone: () => {},
    onTrouble(sentence) {
      trouble = sentence;
      onChange();
    },
    // Another actor may come.
    isLast: () => false,
  });

  return {
    id,
    log,
    get startedAt() {
      return startedAt;
    },
    /** Too many actors belong to it. */
    get hasOmitted() {
      return hasOmitted;
    },
    get trouble() {
      return trouble;
    },
    stop: stream.stop,
  };
}

// Follows lines of JSON that the server pushes. Comes back by itself when the connection is lost, and says that
// something may be missing; ends when the actor that they are about has ended.
import { messageOf, statusOf } from "/http.js";

/**
 * @import { Timers } from "/clock.js"
 * @import { InspectionLine } from "../../src/diagnostics/inspection/answers.ts"
 *
 * @typedef {Exclude<InspectionLine, { type: "still.here" }>} ActorLine
 */

/**
 * @template Line
 * @typedef {object} StreamOptions
 * @property {(signal: AbortSignal) => Promise<Pick<Response, "body">>} open
 * @property {Timers} clock
 * @property {(line: Line) => void} onLine Every line but the heartbeats.
 * @property {() => void} onLost The connection broke: events may be missing until the next "actor.shown".
 * @property {() => void} onGone There is no such actor (any more).
 * @property {(sentence: string | undefined) => void} onTrouble
 * @property {(line: Line) => boolean} [isLast] After this line there is no other.
 */

const retryMs = 1_000;
/** The server says that it is still there every 10 s; a line that is dead without a word is given up after this. */
const silenceMs = 25_000;

/** @param {{ type: string }} line */
const isEnd = ({ type }) => type === "actor.ended";

/**
 * @template {{ type: string }} Line
 * @param {StreamOptions<Line>} options
 */
export function followLines({ open, clock, onLine, onLost, onGone, onTrouble, isLast = isEnd }) {
  let controller = new AbortController();
  let isOver = false;
  /** @type {unknown} */
  let timer;

  const watchdog = () => {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(() => controller.abort(), silenceMs);
  };

  /** @param {string} text */
  function receive(text) {
    if (isOver || text === "") return;
    /** @type {Line} */
    const line = JSON.parse(text);
    if (line.type === "still.here") return;
    if (isLast(line)) isOver = true;
    onLine(line);
  }

  /** @param {ReadableStream<BufferSource>} body */
  async function readAll(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      watchdog();
      const lines = (rest + value).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) receive(line);
    }
  }

  async function follow() {
    let wasOpen = false;
    controller = new AbortController();
    watchdog();
    try {
      const { body } = await open(controller.signal);
      wasOpen = true;
      onTrouble(undefined);
      if (body) await readAll(body);
    } catch (error) {
      if (isOver) return;
      if (statusOf(error) === 404) {
        isOver = true;
        onGone();
      } else if (statusOf(error)) onTrouble(messageOf(error));
    } finally {
      clock.clearTimeout(timer);
    }
    if (isOver) return;
    if (wasOpen) onLost();
    timer = clock.setTimeout(follow, retryMs);
  }

  follow();
  return {
    stop() {
      isOver = true;
      clock.clearTimeout(timer);
      controller.abort();
    },
  };
}

// Shows a transcript: one article a turn, brought up to date once a frame, and kept at its end only while the reader is
// there. Never touches what has not changed.
import { createBlockView } from "./block-view.js";
import { element, setText } from "./element.js";
import { duration, endingText, usageText } from "./format.js";
import { createRows } from "./rows.js";

/**
 * @import { BlockView } from "./block-view.js"
 * @import { Clock } from "./clock.js"
 * @import { Entry } from "./outbox.js"
 * @import { Row } from "./rows.js"
 * @import { Transcript, Turn } from "./transcript.js"
 * @import { Block } from "./turn-content.js"
 *
 * @typedef {ReturnType<typeof createTranscriptView>} TranscriptView
 */

/** So near to its end the reader counts as being there. */
const atEndPixels = 60;
/** After so long, what is added to a transcript is read out. */
const quietMs = 1_500;

/** @returns {Row<Turn>} */
function createTurnView() {
  const prompt = element("div", { class: "prompt" });
  const answer = element("div", { class: "answer" });
  const foot = element("p", { class: "turn-foot" });
  const node = element("article", { class: "turn" }, prompt, answer, foot);
  /** @type {(Pick<Turn, "version" | "phase" | "usage" | "reason" | "prompt"> & { prompts: number }) | undefined} */
  let shown;
  /** @type {BlockView[]} */
  let blocks = [];

  /** @param {Turn} turn */
  function showFoot({ reason, usage, durationMs, phase }) {
    const ending = endingText(reason);
    const parts = [ending, usage && usageText(usage), durationMs === undefined ? undefined : duration(durationMs)];
    setText(foot, phase === "running" ? "" : parts.filter(Boolean).join(" · "));
    foot.classList.toggle("is-writing", phase === "running");
    foot.classList.toggle("is-cut", ending !== undefined);
  }

  /** @param {Block} block */
  function addBlock(block) {
    const view = createBlockView(block);
    answer.append(view.node);
    return view;
  }

  return {
    node,
    update(turn) {
      const { version, phase, usage, reason } = turn;
      const isSame = shown?.version === version && shown.phase === phase;
      if (isSame && phase === "sealed" && shown?.usage === usage && shown?.reason === reason) return;
      const isAnew = shown?.version !== version;
      if (isAnew) {
        answer.replaceChildren();
        blocks = [];
      }
      if (isAnew || shown?.prompt !== turn.prompt || shown.prompts !== turn.prompt.length) {
        prompt.replaceChildren(...turn.prompt.map((block) => createBlockView(block).node));
      }
      const isOver = phase !== "running";
      for (const [index, block] of turn.answer.entries()) {
        const view = blocks[index] ?? addBlock(block);
        blocks[index] = view;
        view.update(isOver || index < turn.answer.length - 1);
      }
      if (node.ariaBusy !== String(!isOver)) node.ariaBusy = String(!isOver);
      showFoot(turn);
      shown = { version, phase, usage, reason, prompt: turn.prompt, prompts: turn.prompt.length };
    },
  };
}

/**
 * @param {object} options
 * @param {HTMLElement} options.scroller
 * @param {HTMLElement} options.turns
 * @param {HTMLElement} options.unsent
 * @param {HTMLElement} options.newest the button that leads to the end
 * @param {Clock} options.clock
 */
export function createTranscriptView({ scroller, turns, unsent, newest, clock }) {
  const showTurns = createRows(turns, (turn) => turn, createTurnView);
  /** @type {Transcript | undefined} */
  let transcript;
  /** @type {readonly Entry[]} */
  let waiting = [];
  let isScheduled = false;
  let isAtEnd = true;
  /** @type {unknown} */
  let quietTimer;

  // Not every browser lets the keyboard into a region only because it scrolls.
  scroller.tabIndex = 0;
  scroller.addEventListener("scroll", notePlace);
  newest.onclick = toEnd;
  // A window or keyboard that changes its height must not hide the end from a reader who was there; a reader who
  // unfolds something there reads that, and not the end.
  new ResizeObserver(() => isAtEnd && toEnd()).observe(scroller);
  new ResizeObserver(notePlace).observe(turns);

  function notePlace() {
    isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < atEndPixels;
    newest.hidden = isAtEnd;
  }

  function toEnd() {
    isAtEnd = true;
    scroller.scrollTop = scroller.scrollHeight;
  }

  function draw() {
    isScheduled = false;
    const fromEnd = scroller.scrollHeight - scroller.scrollTop;
    const first = turns.firstChild;
    showTurns(transcript?.turns ?? []);
    unsent.replaceChildren(...waiting.map(({ text }) => element("div", { class: "bubble is-waiting" }, text)));
    if (isAtEnd) toEnd();
    // Earlier messages were put above what is being read: it stays where it is.
    else if (first && turns.firstChild !== first) scroller.scrollTop = scroller.scrollHeight - fromEnd;
  }

  const schedule = () => {
    if (isScheduled) return;
    isScheduled = true;
    clock.frame(draw);
  };

  return {
    /**
     * Shows another transcript, from its end.
     * @param {Transcript} next
     */
    show(next) {
      transcript = next;
      // A history that is opened is there to be read, not to be read out; what is added to it later is.
      turns.setAttribute("aria-live", "off");
      clock.clearTimeout(quietTimer);
      quietTimer = clock.setTimeout(() => turns.setAttribute("aria-live", "polite"), quietMs);
      showTurns([]);
      isAtEnd = true;
      schedule();
    },
    /** @param {readonly Entry[]} entries texts on their way to the server */
    showWaiting(entries) {
      if (entries.length === 0 && waiting.length === 0) return;
      waiting = entries;
      schedule();
    },
    changed: schedule,
    toEnd,
  };
}

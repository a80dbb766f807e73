// Shows a transcript: one article a turn, brought up to date once a frame, and kept at its end only while the reader is
// there. Never touches what has not changed.
import { createBlockView } from "./block-view.js";
import { element, setText } from "./element.js";
import { duration, endingText, usageText } from "./format.js";

/** So near to its end the reader counts as being there. */
const atEndPixels = 60;
/** After so long, what is added to a transcript is news. */
const quietMs = 1_500;

function createTurnView() {
  const prompt = element("div", { class: "prompt" });
  const answer = element("div", { class: "answer" });
  const foot = element("p", { class: "turn-foot" });
  const node = element("article", { class: "turn" }, prompt, answer, foot);
  let shown = {};
  let blocks = [];

  function showFoot(turn) {
    const parts = [];
    if (endingText(turn.reason)) parts.push(endingText(turn.reason));
    if (turn.usage) parts.push(usageText(turn.usage));
    if (turn.durationMs !== undefined) parts.push(duration(turn.durationMs));
    setText(foot, turn.phase === "running" ? "" : parts.join(" · "));
    foot.classList.toggle("is-writing", turn.phase === "running");
    foot.classList.toggle("is-cut", endingText(turn.reason) !== undefined);
  }

  return {
    node,
    update(turn) {
      const { version, phase, usage, reason } = turn;
      const isSame = shown.version === version && shown.phase === phase;
      if (isSame && phase === "sealed" && shown.usage === usage && shown.reason === reason) return;
      if (shown.version !== version) {
        answer.replaceChildren();
        blocks = [];
      }
      if (shown.version !== version || shown.prompt !== turn.prompt || shown.prompts !== turn.prompt.length) {
        prompt.replaceChildren(...turn.prompt.map((block) => createBlockView(block).node));
      }
      const isOver = phase !== "running";
      turn.answer.forEach((block, index) => {
        blocks[index] ??= addBlock(block);
        blocks[index].update(block, isOver || index < turn.answer.length - 1);
      });
      if (isOver !== shown.isOver) node.setAttribute("aria-busy", String(!isOver));
      showFoot(turn);
      shown = { version, phase, usage, reason, isOver, prompt: turn.prompt, prompts: turn.prompt.length };
    },
  };

  function addBlock(block) {
    const view = createBlockView(block);
    answer.append(view.node);
    return view;
  }
}

export function createTranscriptView({ scroller, turns, unsent, newest, clock }) {
  let transcript;
  let waiting = [];
  let views = new Map();
  let isScheduled = false;
  let isAtEnd = true;
  let quietTimer;

  // Not every browser lets the keyboard into a region only because it scrolls.
  scroller.tabIndex = 0;
  scroller.addEventListener("scroll", look);
  newest.onclick = toEnd;
  // A window or keyboard that changes its height must not hide the end from who was reading there; who unfolds
  // something there is reading that, and not the end.
  new ResizeObserver(() => isAtEnd && toEnd()).observe(scroller);
  new ResizeObserver(look).observe(turns);

  function look() {
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
    let place = first;
    for (const turn of transcript?.turns ?? []) {
      const view = views.get(turn) ?? createTurnView();
      views.set(turn, view);
      if (view.node === place) place = place.nextSibling;
      else turns.insertBefore(view.node, place);
      view.update(turn);
    }
    removeOthers();
    unsent.replaceChildren(...waiting.map(({ text }) => element("div", { class: "bubble is-waiting" }, text)));
    if (isAtEnd) toEnd();
    // Earlier messages were put above what is being read: it stays where it is.
    else if (first && turns.firstChild !== first) scroller.scrollTop = scroller.scrollHeight - fromEnd;
  }

  function removeOthers() {
    const present = new Set(transcript?.turns);
    for (const [turn, view] of views) {
      if (present.has(turn)) continue;
      view.node.remove();
      views.delete(turn);
    }
  }

  const schedule = () => {
    if (isScheduled) return;
    isScheduled = true;
    clock.frame(draw);
  };

  return {
    /** Shows another transcript, from its end. */
    show(next) {
      transcript = next;
      // A history that is opened is there to be read, not to be read out; what is added to it later is.
      turns.setAttribute("aria-live", "off");
      clock.clearTimeout(quietTimer);
      quietTimer = clock.setTimeout(() => turns.setAttribute("aria-live", "polite"), quietMs);
      views = new Map();
      turns.replaceChildren();
      isAtEnd = true;
      schedule();
    },
    /** entries: texts on their way to the server. */
    showWaiting(entries) {
      if (entries.length === 0 && waiting.length === 0) return;
      waiting = entries;
      schedule();
    },
    changed: schedule,
    toEnd,
  };
}

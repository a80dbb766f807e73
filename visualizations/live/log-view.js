// The event log as a list that stays small however long the log is: only the rows in sight are in the document. The
// arrow keys step through it.
import { byId, element, setText } from "/element.js";
import { partsOfStep } from "./entry-view.js";
import { eventWords, number, timeOfDay } from "./format.js";
import { createLog } from "./log.js";
import { outcomeOf } from "./outcome.js";

/**
 * @import { Row } from "/rows.js"
 * @import { Log, LogEntry } from "./log.js"
 *
 * @typedef {{ entry: LogEntry, top: number, isSelected: boolean }} Shown
 */

/** A finger needs more room than a pointer. */
const isTouched = () => matchMedia("(pointer: coarse), (max-width: 760px)").matches;
const rowsBeyond = 4;

const titles = {
  shown: "you began to watch",
  again: "connected again",
  gap: "connection lost: events may be missing",
  ended: "its end",
  started: "its start",
};

/** @param {LogEntry} entry */
const titleOf = ({ type, event = "" }) => (type === "moved" ? eventWords(event) : titles[type]);

/**
 * @param {object} options
 * @param {() => void} options.onChange
 * @param {() => void} options.onExport
 */
export function createLogView({ onChange, onExport }) {
  const scroller = byId("log");
  const list = byId("log-rows");
  const note = byId("log-note");
  const box = byId("log-entry");
  const buttons = {
    pause: byId("log-pause", HTMLButtonElement),
    back: byId("log-back", HTMLButtonElement),
    forth: byId("log-forth", HTMLButtonElement),
    clear: byId("log-clear", HTMLButtonElement),
    export: byId("log-export", HTMLButtonElement),
  };
  const rowHeight = isTouched() ? 40 : 26;
  /** Of no actor as yet. */
  let log = createLog();
  /**
   * Those in the document, each used again for another entry.
   * @type {Row<Shown>[]}
   */
  const rows = [];

  /** @param {() => void} run */
  const act = (run) => () => {
    run();
    onChange();
  };
  buttons.pause.onclick = act(() => (log.isPaused ? log.resume() : log.pause()));
  buttons.back.onclick = act(() => log.step(-1));
  buttons.forth.onclick = act(() => log.step(+1));
  buttons.clear.onclick = act(() => log.clear());
  buttons.export.onclick = () => onExport();
  scroller.onkeydown = (event) => {
    const count = new Map([
      ["ArrowUp", -1],
      ["ArrowDown", 1],
      ["PageUp", -10],
      ["PageDown", 10],
      ["Home", -log.entriesMax],
      ["End", log.entriesMax],
    ]).get(event.key);
    if (count === undefined) return;
    event.preventDefault();
    log.step(count);
    onChange();
  };
  scroller.onscroll = drawRows;
  new ResizeObserver(drawRows).observe(scroller);

  function drawRows() {
    const { entries } = log;
    const shown = log.shown();
    list.style.height = `${entries.length * rowHeight}px`;
    const first = Math.max(0, Math.floor(scroller.scrollTop / rowHeight) - rowsBeyond);
    const count = Math.ceil(scroller.clientHeight / rowHeight) + 2 * rowsBeyond;
    const visible = entries.slice(first, first + count);
    for (const row of rows.splice(visible.length)) row.node.remove();
    for (const [index, entry] of visible.entries()) {
      const row = rows[index] ?? addRow();
      row.update({ entry, top: (first + index) * rowHeight, isSelected: log.isPaused && entry === shown });
    }
    scroller.toggleAttribute("data-empty", entries.length === 0);
  }

  function addRow() {
    const time = element("span", { class: "log-time" });
    const name = element("span", {});
    const actions = element("span", { class: "of" });
    const event = element("span", { class: "log-event" }, name, actions);
    const outcome = element("span", { class: "log-outcome" });
    const node = element("li", { class: "log-row", role: "option" }, time, event, outcome);
    node.style.height = `${rowHeight}px`;
    list.append(node);
    /** @type {Row<Shown>} */
    const row = {
      node,
      update({ entry, top, isSelected }) {
        const { text, kind } = outcomeOf(entry);
        node.style.top = `${top}px`;
        node.id = `log-${entry.number}`;
        node.className = `log-row ${kind}`;
        node.setAttribute("aria-selected", String(isSelected));
        setText(time, timeOfDay(entry.at));
        setText(name, titleOf(entry));
        setText(actions, entry.actions?.length ? ` / ${entry.actions.join(", ")}` : "");
        setText(outcome, text);
        node.onclick = act(() => log.goTo(entry.number));
      },
    };
    rows.push(row);
    return row;
  }

  function keepInSight() {
    const shown = log.shown();
    const index = shown ? log.entries.indexOf(shown) : -1;
    if (!log.isPaused) scroller.scrollTop = scroller.scrollHeight;
    else if (index * rowHeight < scroller.scrollTop) scroller.scrollTop = index * rowHeight;
    else if ((index + 1) * rowHeight > scroller.scrollTop + scroller.clientHeight)
      scroller.scrollTop = (index + 1) * rowHeight - scroller.clientHeight;
  }

  function drawEntry() {
    const entry = log.isPaused ? log.shown() : undefined;
    box.hidden = !entry;
    if (!entry || box.dataset["number"] === String(entry.number)) return;
    box.dataset["number"] = String(entry.number);
    box.replaceChildren(...partsOfStep({ ...entry, title: titleOf(entry) }));
  }

  return {
    /** @param {Log} next */
    use(next) {
      log = next;
      delete box.dataset["number"];
    },
    /**
     * @param {boolean} hidesPayloads
     * @param {boolean} hasEnded
     */
    show(hidesPayloads, hasEnded) {
      const { isPaused } = log;
      list.style.height = `${log.entries.length * rowHeight}px`;
      // It takes room from the rows.
      drawEntry();
      keepInSight();
      drawRows();
      const shown = log.shown();
      if (isPaused && shown) scroller.setAttribute("aria-activedescendant", `log-${shown.number}`);
      else scroller.removeAttribute("aria-activedescendant");
      setText(buttons.pause, isPaused ? (hasEnded ? "To its end" : "Go on live") : "Pause");
      buttons.pause.setAttribute("aria-pressed", String(isPaused));
      const isEmpty = log.entries.length === 0;
      for (const button of [buttons.pause, buttons.export, buttons.clear]) button.disabled = isEmpty && !isPaused;
      buttons.back.disabled = isEmpty || shown === log.entries[0];
      buttons.forth.disabled = isEmpty || (isPaused ? log.behind() === 0 : true);
      setText(note, noteOf(log, hidesPayloads));
    },
  };
}

/**
 * @param {Log} log
 * @param {boolean} hidesPayloads
 */
function noteOf(log, hidesPayloads) {
  const { dropped, entriesMax, isPaused } = log;
  const sentences = [];
  if (isPaused) {
    const behind = log.behind();
    sentences.push(behind === 0 ? "Paused." : `Paused; ${number(behind)} newer.`);
  }
  if (dropped > 0) sentences.push(`The newest ${number(entriesMax)} are kept; ${number(dropped)} older ones are gone.`);
  if (hidesPayloads) sentences.push("Texts and payloads are hidden: --inspect=full shows them.");
  return sentences.join(" ");
}

// The event log as a list that stays small however long the log is: only the rows in sight are in the document. The
// arrow keys step through it.
import { element, setText } from "/element.js";
import { eventWords, number, stateWords, timeOfDay, transitionParts } from "./format.js";

const rowHeight = 26;
const rowsBeyond = 4;

/** What came of an entry: the states it led to, or that nothing did. */
export function outcomeOf({ type, changed, handled, transitions, how }) {
  if (type === "moved" && !handled) return { text: "ignored", kind: "ignored" };
  if (type === "moved" && changed.length > 0)
    return { text: `→ ${changed.map((state) => stateWords(state)[1]).join(", ")}`, kind: "changed" };
  if (type === "moved") return { text: transitions?.length > 0 ? "handled" : "", kind: "handled" };
  if (type === "ended") return { text: how === "error" ? "failed" : how, kind: how === "error" ? "failed" : "changed" };
  return { text: "", kind: "handled" };
}

const titles = {
  shown: "you began to look",
  again: "connected again",
  gap: "connection lost: news may be missing",
  ended: "its end",
  started: "its start",
};
const titleOf = ({ type, event }) => (type === "moved" ? eventWords(event) : (titles[type] ?? type));

export function createLogView({ scroller, rows, note, entry: box, buttons, onChange, onExport }) {
  let log;

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
    const moves = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -log.entriesMax, End: log.entriesMax };
    const count = moves[event.key];
    if (count === undefined) return;
    event.preventDefault();
    log.step(count);
    onChange();
  };
  scroller.onscroll = () => log && drawRows();
  new ResizeObserver(() => log && drawRows()).observe(scroller);

  function drawRows() {
    const { entries } = log;
    const shown = log.shown();
    rows.style.height = `${entries.length * rowHeight}px`;
    const first = Math.max(0, Math.floor(scroller.scrollTop / rowHeight) - rowsBeyond);
    const count = Math.ceil(scroller.clientHeight / rowHeight) + 2 * rowsBeyond;
    const visible = entries.slice(first, first + count);
    while (rows.children.length > visible.length) rows.lastElementChild.remove();
    while (rows.children.length < visible.length) rows.append(makeRow());
    for (const [index, entry] of visible.entries())
      rows.children[index].show(entry, (first + index) * rowHeight, entry === shown);
    scroller.toggleAttribute("data-empty", entries.length === 0);
  }

  function makeRow() {
    const time = element("span", { class: "log-time" });
    const event = element("span", { class: "log-event" });
    const outcome = element("span", { class: "log-outcome" });
    const row = element("li", { class: "log-row", role: "option" }, time, event, outcome);
    row.show = (entry, top, isShown) => {
      const { text, kind } = outcomeOf(entry);
      row.style.top = `${top}px`;
      row.id = `log-${entry.number}`;
      row.className = `log-row ${kind}`;
      row.setAttribute("aria-selected", String(isShown && log.isPaused));
      setText(time, timeOfDay(entry.at));
      setText(event, titleOf(entry));
      setText(outcome, text);
      row.onclick = act(() => log.goTo(entry.number));
    };
    return row;
  }

  function keepInSight() {
    const index = log.entries.indexOf(log.shown());
    if (!log.isPaused) scroller.scrollTop = scroller.scrollHeight;
    else if (index * rowHeight < scroller.scrollTop) scroller.scrollTop = index * rowHeight;
    else if ((index + 1) * rowHeight > scroller.scrollTop + scroller.clientHeight)
      scroller.scrollTop = (index + 1) * rowHeight - scroller.clientHeight;
  }

  function drawEntry() {
    const entry = log.isPaused ? log.shown() : undefined;
    box.hidden = !entry;
    if (!entry || box.dataset.number === String(entry.number)) return;
    box.dataset.number = String(entry.number);
    const facts = [["Event", titleOf(entry)]];
    if (entry.from) facts.push(["From", entry.from]);
    for (const key of entry.transitions ?? []) facts.push(["Took", wayOf(key)]);
    facts.push(["Then in", entry.states.map((state) => stateWords(state).join(" ").trim()).join(", ")]);
    box.replaceChildren(
      element(
        "dl",
        { class: "facts" },
        ...facts.map(([term, value]) => element("div", {}, element("dt", {}, term), element("dd", {}, value))),
      ),
      entry.payload !== undefined && payloadOf(entry.payload),
    );
  }

  return {
    use(next) {
      log = next;
      delete box.dataset.number;
    },
    show({ hidesPayloads, hasEnded }) {
      const { isPaused } = log;
      rows.style.height = `${log.entries.length * rowHeight}px`;
      keepInSight();
      drawRows();
      drawEntry();
      const shown = log.shown();
      if (isPaused && shown) scroller.setAttribute("aria-activedescendant", `log-${shown.number}`);
      else scroller.removeAttribute("aria-activedescendant");
      setText(buttons.pause, isPaused ? (hasEnded ? "To its end" : "Go on live") : "Pause");
      buttons.pause.setAttribute("aria-pressed", String(isPaused));
      const isEmpty = log.entries.length === 0;
      for (const name of ["pause", "export", "clear"]) buttons[name].disabled = isEmpty && !isPaused;
      buttons.back.disabled = isEmpty || shown === log.entries[0];
      buttons.forth.disabled = isEmpty || (isPaused ? log.behind() === 0 : true);
      setText(note, noteOf(log, hidesPayloads));
    },
  };
}

const wayOf = (key) => {
  const { source, event } = transitionParts(key);
  return `${eventWords(event)}, in ${stateWords(source).join(" ").trim()}`;
};

function payloadOf(payload) {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload, null, 2);
  return element(
    "details",
    { class: "payload", open: true },
    element("summary", {}, "Payload"),
    element("pre", {}, text),
  );
}

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

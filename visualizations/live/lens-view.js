// A conversation as a whole: a lane for each of its actors, and what they send one another. The diagram can be stepped
// through with the arrow keys, and the same is there as a list of sentences. Only rows in sight are in the document.
import { byId, element, setText } from "/element.js";
import { createRows } from "/rows.js";
import { sentenceOf } from "./conversation-log.js";
import { partsOfStep } from "./entry-view.js";
import { number, plain, timeOfDay, unknownMoment } from "./format.js";
import { headHeight, headsOf, laneWidthFor, rowHeight, rowsOf, widthOf } from "./sequence.js";

/**
 * @import { Row } from "/rows.js"
 * @import { Entry, KnownLane } from "./conversation-log.js"
 * @import { Followed } from "./followed.js"
 * @import { Shape } from "./sequence.js"
 *
 * @typedef {{ entry: Entry, lanes: readonly KnownLane[] }} Sentence
 */

const rowsBeyond = 6;
const svgNamespace = "http://www.w3.org/2000/svg";

/**
 * @param {Shape | string} shape
 * @returns {Node}
 */
function drawn(shape) {
  if (typeof shape === "string") return document.createTextNode(shape);
  const node = document.createElementNS(svgNamespace, shape.tag);
  for (const [name, value] of Object.entries(shape.attributes)) node.setAttribute(name, String(value));
  node.append(...shape.children.map(drawn));
  return node;
}

/**
 * @param {object} options
 * @param {() => void} options.onChange the diagram or the list was chosen, or another moment
 */
export function createLensView({ onChange }) {
  const scroller = byId("lens-scroll");
  const [heads, rows] = [picture("lens-heads"), picture("lens-rows")];
  const list = byId("lens-list");
  const box = byId("lens-entry");
  const buttons = { follow: byId("lens-follow", HTMLButtonElement), list: byId("lens-as-list", HTMLButtonElement) };
  const showSentences = createRows(list, ({ entry }) => entry, makeSentence);
  scroller.append(heads, rows);
  /** @type {Followed | undefined} */
  let followed;
  let isFollowing = true;
  let isList = false;
  /** @type {Entry | undefined} */
  let selected;
  let dropped = 0;
  let hasMissed = false;

  buttons.follow.onclick = () => follow(!isFollowing);
  buttons.list.onclick = () => {
    isList = !isList;
    draw();
    onChange();
  };
  scroller.onscroll = () => {
    isFollowing = selected === undefined && scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 4;
    draw();
  };
  scroller.onkeydown = (event) => {
    const step = new Map([
      ["ArrowUp", -1],
      ["ArrowDown", 1],
      ["PageUp", -10],
      ["PageDown", 10],
      ["Home", Number.NEGATIVE_INFINITY],
      ["End", Number.POSITIVE_INFINITY],
    ]).get(event.key);
    const entries = followed?.log.entries ?? [];
    if (step === undefined || entries.length === 0) return;
    event.preventDefault();
    const from = selected ? entries.indexOf(selected) : entries.length;
    select(entries[Math.min(Math.max(from + step, 0), entries.length - 1)]);
  };
  rows.onclick = ({ target }) => {
    const row = target instanceof Element ? target.closest("[role=option]") : null;
    const index = row ? Number(row.id.slice("lens-row-".length)) : -1;
    const entry = followed?.log.entries[index - dropped];
    if (entry) select(entry);
  };
  new ResizeObserver(() => draw()).observe(scroller);

  /** @param {boolean} shall */
  function follow(shall) {
    isFollowing = shall;
    selected = undefined;
    draw();
    onChange();
  }

  /** @param {Entry | undefined} entry */
  function select(entry) {
    selected = entry;
    isFollowing = false;
    draw();
    const index = entry ? (followed?.log.entries.indexOf(entry) ?? -1) : -1;
    const [top, bottom] = [index * rowHeight, (index + 1) * rowHeight + headHeight];
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (bottom > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = bottom - scroller.clientHeight;
    draw();
    revealLane();
    onChange();
  }

  /** Where there are more lanes than fit, scrolls to the one of the selected row. */
  function revealLane() {
    const mark = rows.querySelector('[aria-selected="true"] :is(.head, .mark)')?.getBoundingClientRect();
    const frame = scroller.getBoundingClientRect();
    if (!mark || (mark.left >= frame.left && mark.right <= frame.right)) return;
    scroller.scrollLeft += mark.left - frame.left - frame.width / 2;
  }

  function drawDiagram() {
    if (!followed) return;
    const { log } = followed;
    const { entries } = log;
    const lanes = log.lanes();
    const laneWidth = laneWidthFor(lanes.length, scroller.clientWidth);
    const width = widthOf(lanes.length, laneWidth);
    // What has gone above takes the rest along.
    if (!isFollowing) scroller.scrollTop -= (log.dropped - dropped) * rowHeight;
    dropped = log.dropped;
    if (selected && !entries.includes(selected)) selected = undefined;
    size(heads, width, headHeight);
    size(rows, width, Math.max(entries.length, 1) * rowHeight);
    if (isFollowing) scroller.scrollTop = scroller.scrollHeight;
    const first = Math.max(0, Math.floor(scroller.scrollTop / rowHeight) - rowsBeyond);
    const count = Math.ceil(scroller.clientHeight / rowHeight) + 2 * rowsBeyond;
    heads.replaceChildren(...headsOf(lanes.map(plainLane), laneWidth).map(drawn));
    const timeOf = ({ at = 0 }) => timeOfDay(at);
    const shapes = rowsOf({ lanes, messages: entries, timeOf, laneWidth, first, count });
    rows.replaceChildren(...shapes.map(drawn));
    for (const [index, node] of [...rows.children].slice(lanes.length).entries()) {
      const entry = entries[first + index];
      if (!entry) continue;
      node.id = `lens-row-${first + index + dropped}`;
      node.setAttribute("role", "option");
      node.setAttribute("aria-selected", String(entry === selected));
      node.setAttribute("aria-label", `${timeOfDay(entry.at)} ${sentenceOf(entry, lanes)}`);
    }
    const at = selected ? entries.indexOf(selected) : -1;
    if (at >= 0) scroller.setAttribute("aria-activedescendant", `lens-row-${at + dropped}`);
    else scroller.removeAttribute("aria-activedescendant");
  }

  function drawEntry() {
    box.hidden = !selected?.step || isList;
    if (box.hidden || !selected?.step) return;
    const { step } = selected;
    const title = `${timeOfDay(selected.at)} ${sentenceOf(selected, followed?.log.lanes() ?? [])}`;
    box.replaceChildren(...partsOfStep({ ...step, from: undefined, title }));
  }

  function draw() {
    if (!followed) return;
    const { id, log, hasOmitted, trouble } = followed;
    setText(byId("lens-name"), plain(id));
    document.title = `conversation ${plain(id)} · turnwire inspector`;
    scroller.hidden = isList;
    list.hidden = !isList;
    buttons.list.setAttribute("aria-pressed", String(isList));
    buttons.follow.hidden = isList;
    setText(buttons.follow, isFollowing ? "Pause" : "Follow");
    buttons.follow.setAttribute("aria-pressed", String(!isFollowing));
    if (isList) {
      const lanes = log.lanes();
      showSentences(log.entries.map((entry) => ({ entry, lanes })));
    } else drawDiagram();
    drawEntry();
    const lanes = log.lanes();
    const sentences = [trouble, hasMissed && unknownMoment];
    if (lanes.length === 1) sentences.push("No actor of this conversation is alive; those that come will appear.");
    else if (log.entries.length === 0) sentences.push("Nothing has happened since you began to watch.");
    if (hasOmitted) sentences.push("It has more actors than are shown.");
    if (log.dropped > 0)
      sentences.push(`The newest ${number(log.entriesMax)} are kept; ${number(log.dropped)} older ones are gone.`);
    setText(byId("lens-note"), sentences.filter(Boolean).join(" "));
  }

  return {
    /** @param {Followed} next */
    use(next) {
      followed = next;
      isFollowing = true;
      selected = undefined;
      dropped = 0;
      showSentences([]);
    },
    /** @param {boolean} isTooEarly the moment that was asked for is before all that is here */
    draw(isTooEarly) {
      hasMissed = isTooEarly;
      draw();
    },
    /**
     * Looks at the last step up to this time. False when it is before all that is here.
     * @param {number} at
     */
    goToTime(at) {
      const entry = followed?.log.entries.findLast((one) => one.at <= at);
      if (entry) select(entry);
      return entry !== undefined;
    },
    /** @param {boolean} shall */
    showAsList(shall) {
      isList = shall;
    },
    /** What is looked at, for an address. */
    place: () => ({ at: selected?.at, isList }),
    get isPaused() {
      return selected !== undefined;
    },
    resume: () => follow(true),
  };
}

/** @param {KnownLane} lane */
const plainLane = (lane) => ({ ...lane, name: plain(lane.name) });

/** @param {string} name of its class */
function picture(name) {
  const node = document.createElementNS(svgNamespace, "svg");
  node.setAttribute("class", name);
  return node;
}

/**
 * @param {SVGSVGElement} node
 * @param {number} width
 * @param {number} height
 */
function size(node, width, height) {
  node.setAttribute("width", String(width));
  node.setAttribute("height", String(height));
}

/**
 * @param {Sentence} sentence
 * @returns {Row<Sentence>}
 */
function makeSentence({ entry }) {
  const text = element("span", {});
  const time = element("span", { class: "log-time" }, timeOfDay(entry.at));
  const kind = entry.tone ?? (entry.isIdle ? "idle" : "");
  return {
    node: element("li", { class: kind }, time, " ", text),
    update: ({ lanes }) => setText(text, sentenceOf(entry, lanes)),
  };
}

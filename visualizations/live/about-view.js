// What there is to know of the watched actor beside its chart: its names, its socket's bytes, its cursor, its parent
// and its children.
import { byId, element, setText } from "/element.js";
import { createRows } from "/rows.js";
import { bytes, duration, nameOf, number, plain } from "./format.js";
import { makeChip } from "./list-view.js";

/**
 * @import { Row } from "/rows.js"
 * @import { ActorSummary, Flow } from "../../src/diagnostics/inspection/answers.ts"
 * @import { Detail } from "./watched.js"
 *
 * @typedef {[term: string, text: string]} Property
 */

const bytesKept = 16;
/** Of ten thousand children nobody reads all; the search finds any of them. */
const childrenMax = 50;

/**
 * @param {Detail} detail
 * @param {number} now
 * @param {boolean} hasEnded
 */
function propertiesOf({ id, names, bornAt, flow, cursor, turn }, now, hasEnded) {
  /** @type {Property[]} */
  const properties = [];
  if (names.connectionId) properties.push(["Socket", plain(names.connectionId)]);
  if (names.conversationId) properties.push(["Conversation", plain(names.conversationId)]);
  if (names.surfaceId) properties.push(["Surface", plain(names.surfaceId)]);
  properties.push(["Actor", id]);
  if (!hasEnded) properties.push(["Age", duration(now - bornAt)]);
  if (turn?.saidMsAgo !== undefined) properties.push(["Last event", `${duration(turn.saidMsAgo)} ago`]);
  if (turn && turn.waitingTexts > 0) {
    const texts = turn.waitingTexts === 1 ? "text" : "texts";
    properties.push(["Waiting", `${number(turn.waitingTexts)} ${texts}`]);
  }
  if (turn?.lastEnd) properties.push(["Last turn", `${turn.lastEnd.end}, ${duration(turn.lastEnd.msAgo)} ago`]);
  if (flow) {
    properties.push(["Unsent", bytes(flow.unsentBytes)]);
    const congested = flow.congested ? ": congested" : "";
    properties.push(["On its way", `${bytes(flow.outstandingBytes)} not acknowledged${congested}`]);
    if (flow.closeCode !== undefined) properties.push(["Close code", String(flow.closeCode)]);
    properties.push(["Last heard", `${duration(flow.heardMsAgo)} ago`]);
  }
  if (cursor) {
    const behind = cursor.lag === 0 ? "at the newest event" : `${number(cursor.lag)} events behind`;
    properties.push(["Cursor", `${number(cursor.seq)} of ${number(cursor.head)}, ${behind}`]);
    properties.push(["Delivery", cursor.live ? "live, with every flush" : "held back or catching up"]);
  }
  return properties;
}

/** @param {(actor: ActorSummary) => string} hrefOf the address that shows it */
export function createAboutView(hrefOf) {
  const childrenNote = byId("children-note");
  const sparkline = byId("sparkline");
  const showProperties = createRows(byId("about"), ([term]) => term, makeProperty);
  const showParent = createRows(byId("parent"), hrefOf, makeLink);
  const showChildren = createRows(byId("children"), hrefOf, makeLink);
  const showBars = createRows(sparkline, (_, index) => index, makeBar);
  /**
   * Outstanding bytes of the last moments, so that a person sees whether they grow.
   * @type {number[]}
   */
  let history = [];

  /**
   * @param {ActorSummary} actor
   * @returns {Row<ActorSummary>}
   */
  function makeLink(actor) {
    const chips = element("span", { class: "chips" });
    const name = element("span", {});
    const link = element("a", { href: hrefOf(actor) }, element("b", {}, actor.chart), " ", name);
    const showChips = createRows(chips, (state) => state, makeChip);
    return {
      node: element("li", {}, link, chips),
      update(current) {
        setText(name, nameOf(current));
        showChips(current.states);
      },
    };
  }

  /** @param {Flow | undefined} flow */
  function drawHistory(flow) {
    history = flow ? [...history, flow.outstandingBytes].slice(-bytesKept) : [];
    // Measured against what makes a socket congested: little stays low.
    const most = Math.max(flow?.outstandingBytesMax ?? 1, ...history);
    sparkline.hidden = history.length < 3 || Math.max(...history) === 0;
    showBars(history.map((value) => Math.round((value / most) * 100)));
  }

  return {
    /**
     * @param {Detail} detail
     * @param {number} now
     * @param {boolean} hasEnded
     */
    show(detail, now, hasEnded) {
      showProperties(propertiesOf(detail, now, hasEnded));
      showParent(detail.parent ? [detail.parent] : []);
      const { children = [], childrenTotal = 0 } = detail;
      const shown = children.slice(0, childrenMax);
      showChildren(shown);
      const more = childrenTotal > shown.length ? `Showing ${number(shown.length)} of ${number(childrenTotal)}.` : "";
      setText(childrenNote, childrenTotal === 0 ? "None." : more);
      if (!hasEnded) drawHistory(detail.flow);
    },
    clear() {
      drawHistory(undefined);
    },
  };
}

/**
 * @param {Property} property
 * @returns {Row<Property>}
 */
function makeProperty([term]) {
  const value = element("dd");
  return { node: element("div", {}, element("dt", {}, term), value), update: ([, text]) => setText(value, text) };
}

/** @returns {Row<number>} */
function makeBar() {
  const node = element("i");
  return {
    node,
    update(percent) {
      node.style.height = `${Math.max(4, percent)}%`;
    },
  };
}

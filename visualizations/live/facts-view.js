// What there is to know of the watched actor beside its chart: who it is, its socket's bytes, its cursor, its parent
// and its children.
import { element, setText } from "/element.js";
import { bytes, duration, nameOf, number, plain } from "./format.js";
import { makeChip } from "./list-view.js";
import { reconcile } from "./reconcile.js";

const bytesKept = 16;
/** Of ten thousand children nobody reads all; the search finds any of them. */
const childrenMax = 50;

/** [term, value] pairs; a value is a text. */
function factsOf({ id, names, bornAt, flow, cursor, turn }, now, hasEnded) {
  const facts = [];
  if (names.connectionId) facts.push(["Socket", plain(names.connectionId)]);
  if (names.conversationId) facts.push(["Conversation", plain(names.conversationId)]);
  if (names.surfaceId) facts.push(["Surface", plain(names.surfaceId)]);
  facts.push(["Actor", id]);
  if (!hasEnded) facts.push(["Age", duration(now - bornAt)]);
  if (turn?.saidMsAgo !== undefined) facts.push(["Last said", `${duration(turn.saidMsAgo)} ago`]);
  if (turn?.waitingTexts > 0)
    facts.push(["Waiting", `${number(turn.waitingTexts)} ${turn.waitingTexts === 1 ? "text" : "texts"}`]);
  if (flow) {
    facts.push(["Unsent", bytes(flow.unsentBytes)]);
    facts.push([
      "On its way",
      `${bytes(flow.outstandingBytes)} without a receipt${flow.congested ? ": congested" : ""}`,
    ]);
    if (flow.closeCode !== undefined) facts.push(["Close code", String(flow.closeCode)]);
    facts.push(["Last heard", `${duration(flow.heardMsAgo)} ago`]);
  }
  if (cursor) {
    const behind = cursor.lag === 0 ? "at the newest event" : `${number(cursor.lag)} events behind`;
    facts.push(["Cursor", `${number(cursor.seq)} of ${number(cursor.head)}, ${behind}`]);
    facts.push(["Delivery", cursor.live ? "live, with every flush" : "held back or catching up"]);
  }
  return facts;
}

export function createFactsView({ facts, parent, children, childrenNote, sparkline, hrefOf }) {
  /** Unsent and outstanding bytes of the last moments, so that a person sees whether it grows. */
  let history = [];

  const makeFact = ([term]) => {
    const value = element("dd");
    const node = element("div", {}, element("dt", {}, term), value);
    node.update = ([, text]) => setText(value, text);
    return node;
  };

  const makeLink = (actor) => {
    const chips = element("span", { class: "chips" });
    const name = element("span", {});
    const link = element("a", { href: hrefOf(actor) }, element("b", {}, actor.chart), " ", name);
    const node = element("li", {}, link, chips);
    node.update = (current) => {
      setText(name, nameOf(current));
      reconcile(chips, current.states, (state) => state, makeChip);
    };
    return node;
  };

  function drawHistory(flow) {
    history = flow ? [...history, flow.outstandingBytes].slice(-bytesKept) : [];
    // Measured against what makes a socket congested: little stays low.
    const most = Math.max(flow?.outstandingBytesMax ?? 1, ...history);
    sparkline.hidden = history.length < 3 || Math.max(...history) === 0;
    const bars = history.map((value, index) => ({ key: String(index), height: Math.round((value / most) * 100) }));
    reconcile(
      sparkline,
      bars,
      ({ key }) => key,
      () => {
        const bar = element("i");
        bar.update = ({ height }) => {
          bar.style.height = `${Math.max(4, height)}%`;
        };
        return bar;
      },
    );
  }

  return {
    /** detail: the answer of GET /inspect/actors/:id, or the actor as it was shown last. */
    show(detail, now, hasEnded) {
      reconcile(facts, factsOf(detail, now, hasEnded), ([term]) => term, makeFact);
      reconcile(parent, detail.parent ? [detail.parent] : [], hrefOf, makeLink);
      const { children: known = [], childrenTotal = 0 } = detail;
      const shown = known.slice(0, childrenMax);
      reconcile(children, shown, hrefOf, makeLink);
      const more = childrenTotal > shown.length ? `Showing ${number(shown.length)} of ${number(childrenTotal)}.` : "";
      setText(childrenNote, childrenTotal === 0 ? "None." : more);
      if (!hasEnded) drawHistory(detail.flow);
    },
    clear() {
      history = [];
      drawHistory(undefined);
    },
  };
}

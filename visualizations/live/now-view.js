// What the watched actor is doing, in words: a card for each state it is in, with what that means, what would lead on
// from it, and what happens by itself and when.

import { byId, element, setText } from "/element.js";
import { createRows } from "/rows.js";
import { around } from "./chart-book.js";
import { duration } from "./format.js";
import { makeChip } from "./list-view.js";
import { toneOf } from "./tones.js";

/**
 * @import { Row } from "/rows.js"
 * @import { Deadline, Expectation } from "../../src/diagnostics/inspection/answers.ts"
 * @import { ChartBook } from "./chart-book.js"
 *
 * @typedef {{ state: string, deadlines: Deadline[] }} Card
 */

/** A deadline nearer than this is set off: somebody may want to watch it pass. */
const soonMs = 15_000;

/** @param {ChartBook} book */
export function createNowView(book) {
  const beside = byId("beside", HTMLDetailsElement);
  const title = byId("beside-title");
  const events = byId("beside-events");
  /** For which states the events beside the cards were opened or closed last. */
  let openedFor = "";
  const showCards = createRows(byId("cards"), ({ state }) => state, makeCard);

  /**
   * Where no state itself waits for anything, what the outer ones wait for is the answer; else it is in the way.
   * @param {readonly string[]} states
   */
  function openBeside(states) {
    if (openedFor === String(states)) return;
    openedFor = String(states);
    beside.open = states.every((state) => (book.state(state)?.events ?? []).length === 0);
  }

  /**
   * @param {Card} card
   * @returns {Row<Card>}
   */
  function makeCard({ state }) {
    const says = element("p", { class: "card-says" });
    const leadsOn = element("p", { class: "card-events" });
    const deadlines = element("ul", { class: "deadlines" });
    const showDeadlines = createRows(deadlines, ({ what }, index) => `${index} ${what}`, makeDeadline);
    const chip = makeChip(state).node;
    return {
      node: element("li", { class: `card ${toneOf(state) ?? ""}` }, chip, says, leadsOn, deadlines),
      update(card) {
        const known = book.state(state);
        setText(says, known?.description ?? "");
        const leads = known?.events ?? [];
        setText(leadsOn, leads.length === 0 ? "" : `Waits for ${leads.join(", ")}.`);
        showDeadlines(card.deadlines);
      },
    };
  }

  return {
    /**
     * @param {readonly string[]} states innermost ones
     * @param {readonly Expectation[]} waitsFor of this moment; none when another moment is looked at
     */
    show(states, waitsFor) {
      const waits = new Map(waitsFor.map(({ state, deadlines }) => [state, deadlines]));
      const outer = [...new Set(states.flatMap(around))];
      // What an outer state waits for is shown with the first card: it holds for all of them.
      const rest = outer.flatMap((state) => waits.get(state) ?? []);
      showCards(
        states.map((state, index) => ({
          state,
          deadlines: [...(waits.get(state) ?? []), ...(index === 0 ? rest : [])],
        })),
      );
      const others = [...new Set(outer.flatMap((state) => book.state(state)?.events ?? []))];
      beside.hidden = others.length === 0;
      if (states.every((state) => book.state(state))) openBeside(states);
      const count = `${others.length} other ${others.length === 1 ? "event" : "events"}`;
      setText(title, `The states around it react to ${count}`);
      setText(events, others.join(", "));
    },
  };
}

/** @returns {Row<Deadline>} */
function makeDeadline() {
  const node = element("li");
  return {
    node,
    update({ what, inMs }) {
      setText(node, `In ${duration(inMs)}: ${what}`);
      node.classList.toggle("soon", inMs < soonMs);
    },
  };
}

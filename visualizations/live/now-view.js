// What the watched actor is doing, in words: a card for each state it is in, with what that means, what would lead on
// from it, and what happens by itself and when.

import { element, setText } from "/element.js";
import { around } from "./chart-book.js";
import { duration } from "./format.js";
import { makeChip } from "./list-view.js";
import { reconcile } from "./reconcile.js";
import { toneOf } from "./tones.js";

/** A deadline nearer than this is set off: somebody may want to watch it pass. */
const soonMs = 15_000;

export function createNowView({ cards, beside, title, events, book }) {
  /** For which states the events beside the cards were opened or closed last. */
  let openedFor = "";

  /** Where no state itself waits for anything, what the outer ones wait for is the answer; else it is in the way. */
  function openBeside(states) {
    if (openedFor === String(states)) return;
    openedFor = String(states);
    beside.open = states.every((state) => (book.state(state)?.events ?? []).length === 0);
  }

  function makeCard(first) {
    const says = element("p", { class: "card-says" });
    const leadsOn = element("p", { class: "card-events" });
    const deadlines = element("ul", { class: "deadlines" });
    const card = element(
      "li",
      { class: `card ${toneOf(first.state) ?? ""}` },
      makeChip(first.state),
      says,
      leadsOn,
      deadlines,
    );
    card.update = ({ state, waits }) => {
      const known = book.state(state);
      setText(says, known?.description ?? "");
      const leads = known?.events ?? [];
      setText(leadsOn, leads.length === 0 ? "" : `Waits for ${leads.join(", ")}.`);
      const rows = waits.map(({ what, inMs }) => ({
        what,
        isSoon: inMs < soonMs,
        text: `In ${duration(inMs)}: ${what}`,
      }));
      reconcile(deadlines, rows, ({ what }) => what, makeDeadline);
    };
    return card;
  }

  return {
    /**
     * @param states innermost ones
     * @param waitsFor what the server says of the moment; undefined when another moment is looked at
     */
    show(states, waitsFor) {
      const waits = new Map((waitsFor ?? []).map(({ state, deadlines }) => [state, deadlines ?? []]));
      const outer = [...new Set(states.flatMap(around))];
      // What an outer state waits for is shown with the first card: it holds for all of them.
      const rest = outer.flatMap((state) => waits.get(state) ?? []);
      const rows = states.map((state, index) => {
        const own = waits.get(state) ?? [];
        return { state, waits: index === 0 ? [...own, ...rest] : own };
      });
      reconcile(cards, rows, ({ state }) => state, makeCard);
      const heard = [...new Set(outer.flatMap((state) => book.state(state)?.events ?? []))];
      beside.hidden = heard.length === 0;
      if (states.every((state) => book.state(state))) openBeside(states);
      setText(title, `In the states around it hears ${heard.length} other ${heard.length === 1 ? "event" : "events"}`);
      setText(events, heard.join(", "));
    },
  };
}

function makeDeadline({ text }) {
  const node = element("li", {}, text);
  node.update = (row) => {
    setText(node, row.text);
    node.classList.toggle("soon", row.isSoon);
  };
  return node;
}

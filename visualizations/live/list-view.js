// The actors that were found: what each is, the states it is in, and in a sentence what that means.
import { element, setText } from "/element.js";
import { duration, nameOf, number, plain, stateWords } from "./format.js";
import { reconcile } from "./reconcile.js";
import { telling, toneOf } from "./tones.js";

/** A state as a small mark: what it is a state of, and which. */
export function makeChip(state) {
  const [of, word] = stateWords(state);
  const chip = element("span", { class: `chip ${toneOf(state) ?? ""}` });
  if (of !== "") chip.append(element("span", { class: "of" }, of), " ");
  chip.append(element("b", {}, word));
  chip.update = () => {};
  return chip;
}

/** What its states say of an actor, in a sentence; empty until the chart has been read. */
const sentenceOf = (states, book) => {
  const state = telling(states, (candidate) => book.state(candidate)?.isInitial ?? true);
  return (state && book.state(state)?.description) ?? "";
};

/** @param options.hrefOf (actor) => the address that shows it */
export function createListView({ list, found, book, hrefOf }) {
  function make(actor) {
    const name = element("span", { class: "actor-name" });
    const kind = element("span", { class: "actor-kind" }, actor.chart);
    const age = element("span", { class: "actor-age" });
    const chips = element("span", { class: "chips" });
    const sentence = element("span", { class: "actor-says" });
    const head = element("span", { class: "actor-head" }, kind, name, age);
    const link = element("a", { class: "actor", href: hrefOf(actor) }, head, chips, sentence);
    const row = element("li", {}, link);
    row.update = ({ now, isPicked, ...current }) => {
      setText(name, nameOf(current));
      setText(age, duration(now - current.bornAt));
      setText(sentence, sentenceOf(current.states, book));
      reconcile(chips, current.states, (state) => state, makeChip);
      link.setAttribute("aria-current", String(isPicked));
      link.title = Object.values(current.names).map(plain).join("\n");
    };
    return row;
  }

  return {
    show({ total, actors }, now, pickedId) {
      const rows = actors.map((actor) => ({ ...actor, now, isPicked: actor.id === pickedId }));
      // By its address, which names the server's run: another run gives the same ids to other actors.
      reconcile(list, rows, hrefOf, make);
      setText(
        found,
        total === 0
          ? "Nobody."
          : total > actors.length
            ? `Showing ${number(actors.length)} of ${number(total)}.`
            : `${number(total)} found.`,
      );
    },
  };
}

// The actors that were found: what each is, the states it is in, and in a sentence what that means.
import { element, setText } from "/element.js";
import { createRows } from "/rows.js";
import { duration, nameOf, number, plain, stateWords } from "./format.js";
import { telling, toneOf } from "./tones.js";

/**
 * @import { Row } from "/rows.js"
 * @import { ActorsFound, ActorSummary } from "../../src/diagnostics/inspection/answers.ts"
 * @import { ChartBook } from "./chart-book.js"
 *
 * @typedef {{ actor: ActorSummary, now: number, isPicked: boolean }} Shown
 */

/**
 * A state as a small mark: what it is a state of, and which.
 * @param {string} state
 * @returns {Row<string>}
 */
export function makeChip(state) {
  const [of, word] = stateWords(state);
  const chip = element("span", { class: `chip ${toneOf(state) ?? ""}` });
  if (of !== "") chip.append(element("span", { class: "of" }, of), " ");
  chip.append(element("b", {}, word));
  return { node: chip, update() {} };
}

/**
 * What its states say of an actor, in a sentence; empty until the chart has been read.
 * @param {readonly string[]} states
 * @param {ChartBook} book
 */
const sentenceOf = (states, book) => {
  const state = telling(states, (candidate) => book.state(candidate)?.isInitial ?? true);
  return (state && book.state(state)?.description) ?? "";
};

/**
 * @param {object} options
 * @param {HTMLElement} options.list
 * @param {HTMLElement} options.found
 * @param {ChartBook} options.book
 * @param {(actor: ActorSummary) => string} options.hrefOf the address that shows it
 */
export function createListView({ list, found, book, hrefOf }) {
  // By its address, which names the server's run: another run gives the same ids to other actors.
  const showRows = createRows(list, ({ actor }) => hrefOf(actor), make);

  /**
   * @param {Shown} shown
   * @returns {Row<Shown>}
   */
  function make({ actor }) {
    const name = element("span", { class: "actor-name" });
    const kind = element("span", { class: "actor-kind" }, actor.chart);
    const age = element("span", { class: "actor-age" });
    const chips = element("span", { class: "chips" });
    const sentence = element("span", { class: "actor-says" });
    const head = element("span", { class: "actor-head" }, kind, name, age);
    const link = element("a", { class: "actor", href: hrefOf(actor) }, head, chips, sentence);
    const showChips = createRows(chips, (state) => state, makeChip);
    return {
      node: element("li", {}, link),
      update({ actor: current, now, isPicked }) {
        setText(name, nameOf(current));
        setText(age, duration(now - current.bornAt));
        setText(sentence, sentenceOf(current.states, book));
        showChips(current.states);
        link.setAttribute("aria-current", String(isPicked));
        link.title = Object.values(current.names).map(plain).join("\n");
      },
    };
  }

  return {
    /**
     * @param {ActorsFound} result
     * @param {number} now
     * @param {string | undefined} pickedId
     */
    show({ total, actors }, now, pickedId) {
      showRows(actors.map((actor) => ({ actor, now, isPicked: actor.id === pickedId })));
      const some = `Showing ${number(actors.length)} of ${number(total)}.`;
      setText(found, total > actors.length ? some : total === 0 ? "None found." : `${number(total)} found.`);
    },
  };
}

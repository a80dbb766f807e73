// The start page's way to a whole conversation: those that are alive, and a field for the id of any other.
import { byId, element, setText } from "/element.js";
import { createRows } from "/rows.js";
import { number, plain, short } from "./format.js";
import { makeChip } from "./list-view.js";

/**
 * @import { Row } from "/rows.js"
 * @import { ActorsFound, ActorSummary } from "../../src/diagnostics/inspection/answers.ts"
 */

/** @param {(conversationId: string) => string} hrefOf the address that shows it */
export function createHomeView(hrefOf) {
  const more = byId("conversations-note");
  const show = createRows(byId("conversations"), ({ id }) => id, make);
  byId("follow-form").onsubmit = (event) => {
    event.preventDefault();
    location.hash = hrefOf(byId("follow", HTMLInputElement).value.trim());
  };

  /**
   * @param {ActorSummary} actor
   * @returns {Row<ActorSummary>}
   */
  function make({ names: { conversationId = "" } }) {
    const chips = element("span", { class: "chips" });
    const showChips = createRows(chips, (state) => state, makeChip);
    const link = element("a", { href: hrefOf(conversationId), title: plain(conversationId) }, short(conversationId));
    return { node: element("li", {}, link, chips), update: ({ states }) => showChips(states) };
  }

  return {
    /** @param {ActorsFound} found conversations */
    show({ total, actors }) {
      show(actors);
      setText(more, total > actors.length ? `and ${number(total - actors.length)} more` : "");
    },
  };
}

// Shows the list of conversations: one link each, in the order of the list, with arrow keys between them.
import { element, setText } from "./element.js";
import { relativeTime, titleText } from "./format.js";
import { hashOf } from "./route.js";
import { createRows } from "./rows.js";

/**
 * @import { ConversationSummary } from "../ports/conversations.ts"
 * @import { ConversationStatus } from "../protocol/broadcast.ts"
 * @import { Clock } from "./clock.js"
 * @import { Row } from "./rows.js"
 *
 * @typedef {{ row: ConversationSummary, isOpen: boolean, nowMs: number }} Shown
 * @typedef {ReturnType<typeof createListView>} ListView
 */

/** @type {Record<ConversationStatus, string>} */
const statusLabels = { active: "writing", queued: "texts waiting", idle: "idle", closed: "closed" };

/** @returns {Row<Shown>} */
function createRow() {
  const dot = element("span", { class: "dot" });
  const title = element("span", { class: "row-title" });
  const time = element("span", { class: "row-time" });
  const status = element("span", { class: "visually-hidden" });
  const link = element("a", { class: "row" }, dot, title, time, status);
  return {
    node: element("li", {}, link),
    update({ row, isOpen, nowMs }) {
      if (link.getAttribute("href") !== hashOf(row.id)) link.href = hashOf(row.id);
      link.title = row.title ?? row.id;
      dot.className = `dot is-${row.status}`;
      setText(title, titleText(row.title));
      setText(time, relativeTime(row.lastActivityAt, nowMs));
      setText(status, `, ${statusLabels[row.status]}`);
      if (isOpen) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    },
  };
}

/**
 * @param {object} options
 * @param {HTMLElement} options.list
 * @param {Clock} options.clock
 * @param {() => void} options.onPick
 */
export function createListView({ list, clock, onPick }) {
  const show = createRows(list, ({ row }) => row.id, createRow);

  list.addEventListener("keydown", (event) => {
    const links = [...list.querySelectorAll("a")];
    const at = links.findIndex((link) => link.matches(":focus"));
    const to = new Map([
      ["ArrowDown", at + 1],
      ["ArrowUp", at - 1],
      ["Home", 0],
      ["End", links.length - 1],
    ]).get(event.key);
    if (to === undefined || at === -1) return;
    event.preventDefault();
    links[Math.max(0, Math.min(links.length - 1, to))]?.focus();
  });
  list.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("a")) onPick();
  });

  return {
    /**
     * @param {readonly ConversationSummary[]} conversations
     * @param {string | undefined} openId
     */
    update(conversations, openId) {
      const nowMs = clock.wall();
      show(conversations.map((row) => ({ row, isOpen: row.id === openId, nowMs })));
    },
  };
}

// Shows the list of conversations: one link each, in the order of the list, with arrow keys between them.
import { element, setText } from "./element.js";
import { relativeTime, titleText } from "./format.js";
import { hashOf } from "./route.js";

const statusLabels = { active: "writing", queued: "texts waiting", idle: "idle", closed: "closed" };

function createRow() {
  const dot = element("span", { class: "dot" });
  const title = element("span", { class: "row-title" });
  const time = element("span", { class: "row-time" });
  const status = element("span", { class: "visually-hidden" });
  const link = element("a", { class: "row" }, dot, title, time, status);
  const node = element("li", {}, link);
  return {
    node,
    update(row, openId, nowMs) {
      const isOpen = row.id === openId;
      if (link.getAttribute("href") !== hashOf(row.id)) link.href = hashOf(row.id);
      link.title = row.title ?? row.id;
      dot.className = `dot is-${row.status}`;
      setText(title, titleText(row.title));
      setText(time, relativeTime(row.lastActivityAt, nowMs));
      setText(status, `, ${statusLabels[row.status] ?? row.status}`);
      if (isOpen) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    },
  };
}

export function createListView({ list, clock, onPick }) {
  let rows = new Map();

  list.addEventListener("keydown", (event) => {
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    if (to === undefined || at === -1) return;
    event.preventDefault();
    links[Math.max(0, Math.min(links.length - 1, to))].focus();
  });
  list.addEventListener("click", (event) => event.target.closest("a") && onPick());

  return {
    update(conversations, openId) {
      const next = new Map();
      const focused = document.activeElement;
      let place = list.firstChild;
      for (const conversation of conversations) {
        const row = rows.get(conversation.id) ?? createRow();
        next.set(conversation.id, row);
        row.update(conversation, openId, clock.wall());
        // A row that is already in its place is not moved: moving it would take the focus away.
        if (row.node === place) place = place.nextSibling;
        else list.insertBefore(row.node, place);
      }
      for (const [id, row] of rows) if (!next.has(id)) row.node.remove();
      rows = next;
      if (list.contains(focused)) focused.focus();
    },
  };
}

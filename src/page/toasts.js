// Short messages at the edge of the page that go away by themselves, or with Esc: news that belongs to nothing on the
// screen. Never goes away under a hand that is about to press it.
import { element } from "./element.js";

const shownMs = 8_000;

/** @param options.dismissal a template of the button that dismisses a toast */
export function createToasts({ root, dismissal, clock }) {
  /** The newest last; each: () => it goes away. */
  let shown = [];

  // Before anything else that Esc means: a toast lies over all of it.
  const dismiss = (event) => {
    if (event.key !== "Escape" || event.isComposing || shown.length === 0) return;
    if (document.querySelector("dialog[open], .menu[open]")) return;
    event.preventDefault();
    event.stopPropagation();
    shown.at(-1)();
  };
  document.addEventListener("keydown", dismiss, true);

  return {
    /** action: {label, run}, optional */
    show(text, action) {
      const node = element("div", { class: "toast" }, element("span", {}, text));
      let cameFrom;
      const away = () => {
        const hadFocus = node.contains(document.activeElement);
        shown = shown.filter((other) => other !== away);
        node.remove();
        if (hadFocus) cameFrom?.focus();
      };
      const passed = () => {
        if (!node.matches(":hover, :focus-within")) away();
        else clock.setTimeout(passed, shownMs);
      };
      node.addEventListener("focusin", ({ relatedTarget }) => {
        cameFrom ??= relatedTarget;
      });
      if (action) {
        const run = () => {
          away();
          action.run();
        };
        node.append(element("button", { type: "button", class: "link-button", onclick: run }, action.label));
      }
      const button = dismissal.content.firstElementChild.cloneNode(true);
      button.onclick = away;
      node.append(button);
      root.append(node);
      shown.push(away);
      clock.setTimeout(passed, shownMs);
    },
  };
}

// Short messages at the edge of the page that go away by themselves, or with Esc, about what is not on the screen.
// Never goes away under a hand that is about to press it.
import { element } from "./element.js";

/**
 * @import { Clock } from "./clock.js"
 *
 * @typedef {ReturnType<typeof createToasts>} Toasts
 */

const shownMs = 8_000;

/**
 * @param {object} options
 * @param {HTMLElement} options.root
 * @param {HTMLTemplateElement} options.dismissal the button that dismisses a toast
 * @param {Clock} options.clock
 */
export function createToasts({ root, dismissal, clock }) {
  /**
   * What each that is shown calls to go away, the newest last.
   * @type {(() => void)[]}
   */
  let shown = [];

  /**
   * Before anything else that Esc means: a toast lies over all of it.
   * @param {KeyboardEvent} event
   */
  const dismiss = (event) => {
    const newest = shown.at(-1);
    if (event.key !== "Escape" || event.isComposing || !newest) return;
    if (document.querySelector("dialog[open], .menu[open]")) return;
    event.preventDefault();
    event.stopPropagation();
    newest();
  };
  document.addEventListener("keydown", dismiss, true);

  return {
    /**
     * @param {string} text
     * @param {{ label: string, run: () => void }} [action]
     */
    show(text, action) {
      const node = element("div", { class: "toast" }, element("span", {}, text));
      /** @type {HTMLElement | undefined} */
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
        if (relatedTarget instanceof HTMLElement) cameFrom ??= relatedTarget;
      });
      if (action) {
        const run = () => {
          away();
          action.run();
        };
        node.append(element("button", { type: "button", class: "link-button", onclick: run }, action.label));
      }
      const dismisses = document.importNode(dismissal.content, true);
      dismisses.querySelector("button")?.addEventListener("click", away);
      node.append(dismisses);
      root.append(node);
      shown.push(away);
      clock.setTimeout(passed, shownMs);
    },
  };
}

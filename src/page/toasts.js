// Short messages at the edge of the page that go away by themselves: news that belongs to nothing on the screen.
import { element } from "./element.js";

const shownMs = 8_000;

export function createToasts({ root, clock }) {
  return {
    /** action: {label, run}, optional */
    show(text, action) {
      const node = element("div", { class: "toast" }, element("span", {}, text));
      const away = () => node.remove();
      if (action) {
        const run = () => {
          away();
          action.run();
        };
        node.append(element("button", { type: "button", class: "link-button", onclick: run }, action.label));
      }
      root.append(node);
      clock.setTimeout(away, shownMs);
    },
  };
}

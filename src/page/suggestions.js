// What a stranger may try first, on a server that offers the demo models.
import { element } from "./element.js";

const suggestions = [
  {
    label: "Watch an answer being written",
    model: "demo/echo",
    text: [
      "### What to try while this is being written",
      "Nobody owns these words. They come from a turn that lives on the server, and **every window** that opens this " +
        "conversation sees them arrive.",
      "1. Open the same address in a second window: it has everything that was said so far, and goes on from there.\n" +
        "2. Close this one. The turn does not notice.\n" +
        "3. Send another message meanwhile. It waits in the queue, and is answered next.\n" +
        "4. Press Esc. What was written until then stays.",
      "Even a server that is *killed* in the middle of a sentence keeps all but the last quarter of a second: stop " +
        "its process by force, start it again, and come back here. It will all be where you left it.",
    ].join("\n\n"),
  },
  { label: "See tools at work", model: "demo/tools", text: "What is (17 + 4) * 2, and what time is it?" },
];

/**
 * @param {object} options
 * @param {HTMLElement} options.root
 * @param {(model: string, text: string) => void} options.onPick
 */
export const createSuggestions = ({ root, onPick }) => ({
  /** @param {readonly string[]} models that the server offers */
  show(models) {
    const offered = suggestions.filter(({ model }) => models.includes(model));
    const buttons = offered.map(({ label, model, text }) =>
      element("button", { type: "button", class: "suggestion", onclick: () => onPick(model, text) }, label),
    );
    root.replaceChildren(...buttons);
  },
});

// Shows the texts that wait for a turn: the `message-queue` surface, and before it those still on their way.
import { element } from "./element.js";

/**
 * @import { QueuedMessage } from "../ports/orchestrator.ts"
 * @import { Spec } from "../protocol/surface.ts"
 * @import { Entry } from "./outbox.js"
 *
 * @typedef {Pick<QueuedMessage, "id" | "text">} Queued
 */

/**
 * The messages of a `message-queue` spec. A surface may be a host's own: what is no such message is left out.
 * @param {Spec} spec
 * @returns {Queued[]}
 */
export function queuedMessages({ fields }) {
  const field = fields.find((one) => one.kind === "custom" && one.rendererId === "message-queue");
  const payload = field?.kind === "custom" ? field.payload : undefined;
  const isList = typeof payload === "object" && payload !== null && "messages" in payload;
  return isList && Array.isArray(payload.messages) ? payload.messages.filter(isQueued) : [];
}

/**
 * @param {unknown} value
 * @returns {value is Queued}
 */
const isQueued = (value) =>
  typeof value === "object" &&
  value !== null &&
  "id" in value &&
  typeof value.id === "string" &&
  "text" in value &&
  typeof value.text === "string";

/**
 * @param {object} options
 * @param {HTMLElement} options.root
 * @param {(messageId: string) => void} options.onCancel
 */
export function createQueueView({ root, onCancel }) {
  let shown = "";
  return {
    /**
     * @param {readonly Queued[]} messages as the server has them
     * @param {readonly Entry[]} sending
     * @param {boolean} isHeld no turn comes to take them
     */
    update(messages, sending, isHeld) {
      const now = JSON.stringify([messages, sending, isHeld]);
      if (now === shown) return;
      shown = now;
      const items = messages.map(({ id, text }) => {
        const button = element(
          "button",
          { type: "button", class: "link-button", onclick: () => onCancel(id) },
          "Withdraw",
        );
        button.setAttribute("aria-label", `Withdraw: ${text.slice(0, 80)}`);
        return element("li", {}, element("span", { class: "queue-text" }, text), button);
      });
      for (const { text } of sending) {
        items.push(element("li", { class: "is-waiting" }, element("span", { class: "queue-text" }, text)));
      }
      root.hidden = items.length === 0;
      const label = isHeld ? "Waiting for your next message" : "Waiting for the answer to finish";
      root.replaceChildren(element("h2", {}, label), element("ul", {}, ...items));
    },
  };
}

// Shows the texts that wait for a turn: the `message-queue` surface, and before it those still on their way.
import { element } from "./element.js";

/** The queued messages of a `message-queue` spec: [{id, text, queuedAt}]. */
export function queuedMessages(spec) {
  const field = spec?.fields.find(({ kind, rendererId }) => kind === "custom" && rendererId === "message-queue");
  return field?.payload?.messages ?? [];
}

export function createQueueView({ root, onCancel }) {
  let shown = "";
  return {
    /** messages: as the server has them; sending: entries of the outbox; isHeld: no turn comes to take them. */
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

// What the server says over the socket goes to the part of the page that it concerns.
import { compactionText } from "./format.js";
import { hashOf } from "./route.js";

/**
 * @import { ComposerView } from "./composer-view.js"
 * @import { ConversationList } from "./conversation-list.js"
 * @import { OpenConversation } from "./open-conversation.js"
 * @import { Surfaces } from "./surfaces.js"
 * @import { Toasts } from "./toasts.js"
 * @import { Received } from "./wire.js"
 *
 * @typedef {object} DispatchOptions
 * @property {OpenConversation} conversation
 * @property {ConversationList} conversations
 * @property {Surfaces} surfaces
 * @property {ComposerView} composer
 * @property {Toasts} toasts
 * @property {() => void} onCatalog There are other surfaces now.
 */

/**
 * @param {DispatchOptions} options
 * @returns {(message: Received) => void}
 */
export const createDispatch =
  ({ conversation, conversations, surfaces, composer, toasts, onCatalog }) =>
  (message) => {
    const { chat } = conversation;
    if (surfaces.receive(message)) {
      if (message.type === "catalog") onCatalog();
      return;
    }
    switch (message.type) {
      case "chat.delta":
        if (message.event.conversationId === chat.conversationId) chat.receiveDelta(message);
        break;
      case "chat.subscribed":
        if (message.conversationId === chat.conversationId) chat.receiveSubscribed(message);
        break;
      case "chat.error":
        if ((message.conversationId ?? chat.conversationId) === chat.conversationId)
          chat.receiveRefusal(message.message);
        else toasts.show(message.message);
        break;
      case "error":
        composer.notice(message.message);
        break;
      case "conversation.statusChanged":
        conversations.receive(message);
        break;
      case "conversation.open":
        if (message.conversationId !== chat.conversationId)
          toasts.show("A conversation was opened elsewhere.", leadTo(message.conversationId, "Show it"));
        conversations.readSoon();
        break;
      case "conversation.compacted":
        conversations.readSoon();
        if (message.conversationId !== chat.conversationId) break;
        chat.follower.readAnew();
        toasts.show(compactionText(message), leadTo(message.newConversationId, "Show the archive"));
        break;
    }
  };

/**
 * @param {string} conversationId
 * @param {string} label
 */
const leadTo = (conversationId, label) => ({
  label,
  run: () => {
    location.hash = hashOf(conversationId);
  },
});

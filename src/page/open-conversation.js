// The conversation that is open: the one that the address names, or a new one. What belongs to it alone is begun and
// ended with it; the views stay, and show the next.
import { createChat } from "./chat.js";
import { byId, setText } from "./element.js";
import { newConversationId } from "./format.js";
import { hashOf, idOf } from "./route.js";

/**
 * @import { ChatOptions } from "./chat.js"
 * @import { ComposerView } from "./composer-view.js"
 * @import { ConversationList } from "./conversation-list.js"
 * @import { Settings } from "./settings.js"
 * @import { Surfaces } from "./surfaces.js"
 * @import { TranscriptView } from "./transcript-view.js"
 *
 * @typedef {object} OpenConversationOptions
 * @property {ChatOptions["api"]} api
 * @property {ChatOptions["wire"]} wire
 * @property {ChatOptions["clock"]} clock
 * @property {Settings} settings
 * @property {ConversationList} conversations
 * @property {Surfaces} surfaces
 * @property {ComposerView} composer
 * @property {TranscriptView} transcriptView
 * @property {() => void} onChange
 * @property {() => void} onSwitch Another one is open.
 *
 * @typedef {ReturnType<typeof createOpenConversation>} OpenConversation
 */

/** @param {OpenConversationOptions} options */
export function createOpenConversation(options) {
  const { api, wire, clock, settings, conversations, surfaces, composer, transcriptView, onChange, onSwitch } = options;
  const trouble = byId("history-trouble");
  let chat = begin();

  function begin() {
    const id = idOf(location.hash);
    const mine = createChat({
      api,
      wire,
      clock,
      settings,
      conversationId: id ?? newConversationId(crypto),
      isNew: id === undefined,
      statusOf: (conversationId) => conversations.find(conversationId)?.status,
      on: {
        changed() {
          if (chat !== mine) return;
          transcriptView.changed();
          onChange();
        },
        trouble: (sentence) => chat === mine && showTrouble(sentence),
        returned: (text, why) => chat === mine && composer.restore(text, why),
        created: conversations.readSoon,
        showsQueue: () => surfaces.offers("message-queue"),
      },
    });
    return mine;
  }

  /** The first one, or the same one anew. */
  function open() {
    chat.close();
    chat = begin();
    settings.open(chat.conversationId, chat.isNew());
    transcriptView.show(chat.transcript);
    composer.open(idOf(location.hash));
    showTrouble(undefined);
    onSwitch();
    if (!chat.isNew()) chat.open();
  }

  /** @param {string | undefined} sentence */
  function showTrouble(sentence) {
    setText(trouble, sentence ?? "");
    trouble.hidden = sentence === undefined;
  }

  return {
    get chat() {
      return chat;
    },
    /** Undefined until something was sent into a new one: nobody else can know of it before. */
    id: () => (idOf(location.hash) === undefined ? undefined : chat.conversationId),
    open,
    /** The address has changed. */
    follow() {
      const id = idOf(location.hash);
      const isOpen = id === undefined ? chat.isNew() : id === chat.conversationId;
      if (!isOpen) open();
    },
    /** @param {string} text */
    send(text) {
      if (chat.isNew() && idOf(location.hash) === undefined) {
        history.replaceState(null, "", hashOf(chat.conversationId));
        composer.adopt(chat.conversationId);
        chat.open();
        onSwitch();
      }
      chat.send(text);
      transcriptView.toEnd();
    },
  };
}

// Model and effort of the open conversation. A choice is written to the conversation at once, so that other windows see
// it; where that is not possible (it does not exist yet, or the host cannot) it travels with the next message.
import { messageOf, statusOf } from "./http.js";

/**
 * @import { ConversationSettings } from "../ports/conversations.ts"
 * @import { ReasoningEffort } from "../protocol/chat-send.ts"
 * @import { Spec } from "../protocol/surface.ts"
 * @import { Api } from "./api.js"
 *
 * @typedef {Pick<ConversationSettings, "model" | "reasoningEffort">} Choice Null for the default.
 * @typedef {ReturnType<typeof createSettings>} Settings
 */

/**
 * @param {object} options
 * @param {Pick<Api, "model" | "effort" | "putModel" | "putEffort">} options.api
 * @param {(shown: Choice) => void} options.onChange
 * @param {(sentence: string) => void} options.onTrouble
 */
export function createSettings({ api, onChange, onTrouble }) {
  let conversationId = "";
  let isNew = true;
  /** @type {Choice} */
  let shown = { model: null, reasoningEffort: null };
  /**
   * What the next message has to bring along.
   * @type {Partial<Choice>}
   */
  let carried = {};

  async function read() {
    const id = conversationId;
    if (isNew) return;
    try {
      const [{ model }, { reasoningEffort }] = await Promise.all([api.model(id), api.effort(id)]);
      if (id !== conversationId) return;
      shown = { model: carried.model ?? model, reasoningEffort: carried.reasoningEffort ?? reasoningEffort };
    } catch {
      // Without an answer the choice stays as it was; the next message goes with the conversation's own.
    }
    onChange(shown);
  }

  /**
   * @template {keyof Choice} Name
   * @param {Name} name
   * @param {Choice[Name]} value
   * @param {(id: string, value: Choice[Name]) => Promise<unknown>} put
   */
  async function choose(name, value, put) {
    shown = { ...shown, [name]: value };
    carried = { ...carried, [name]: value };
    if (isNew) return;
    try {
      await put(conversationId, value);
      carried = { ...carried };
      delete carried[name];
    } catch (error) {
      if (statusOf(error) === 501) return;
      carried = {};
      onTrouble(messageOf(error));
      read();
    }
  }

  /** @param {ReasoningEffort | null} effort */
  const chooseEffort = (effort) => choose("reasoningEffort", effort, api.putEffort);

  /** The values of the conversation surface's selectors, which show the same settings. */
  let seen = "";

  return {
    /**
     * The `conversation` surface has changed: somebody may have chosen something there, or in another window.
     * @param {Spec} spec
     */
    readIfChanged({ fields }) {
      const values = JSON.stringify(fields.map((field) => (field.kind === "selector" ? field.value : null)));
      if (values === seen) return;
      seen = values;
      read();
    },
    /**
     * A new conversation begins with what the last one was written with.
     * @param {string} nextId
     * @param {boolean} nextIsNew
     */
    open(nextId, nextIsNew) {
      conversationId = nextId;
      isNew = nextIsNew;
      carried = isNew ? shown : {};
      if (isNew) onChange(shown);
      else read();
    },
    shown: () => shown,
    /** @param {string} model */
    chooseModel: (model) => choose("model", model, api.putModel),
    chooseEffort,
    /** The fields that a chat.send has to carry now. */
    carried() {
      const { model, reasoningEffort } = carried;
      return { ...(model && { model }), ...(reasoningEffort && { reasoningEffort }) };
    },
    /** The conversation exists now, with the model that came with its first message. */
    created() {
      isNew = false;
      const { reasoningEffort } = carried;
      carried = {};
      // An effort that is sent holds for its turn alone; written down it holds for the next ones too.
      if (reasoningEffort) chooseEffort(reasoningEffort);
    },
  };
}

// Model and effort of the open conversation. A choice is written to the conversation at once, so that other windows see
// it; where that is not possible (it does not exist yet, or the host cannot) it travels with the next message.

export function createSettings({ api, onChange, onTrouble }) {
  let conversationId;
  let isNew = true;
  /** What is shown: {model, effort}, null for the default. */
  let shown = { model: null, effort: null };
  /** What the next message has to bring along. */
  let carried = {};

  async function read() {
    const id = conversationId;
    if (isNew) return;
    try {
      const [{ model }, { reasoningEffort }] = await Promise.all([api.model(id), api.effort(id)]);
      if (id !== conversationId) return;
      shown = { model: carried.model ?? model, effort: carried.reasoningEffort ?? reasoningEffort };
    } catch {
      // Without an answer the choice stays as it was; the next message goes with the conversation's own.
    }
    onChange(shown);
  }

  async function choose(field, name, value, put) {
    shown = { ...shown, [name]: value };
    carried = { ...carried, [field]: value };
    if (isNew) return;
    try {
      await put(conversationId, value);
      const { [field]: _, ...rest } = carried;
      carried = rest;
    } catch (error) {
      if (error.status === 501) return;
      carried = {};
      onTrouble(error.message);
      read();
    }
  }

  /** The values of the conversation surface's selectors, which show the same settings. */
  let seen = "";

  return {
    /** The `conversation` surface has changed: somebody may have chosen something there, or in another window. */
    readIfChanged(spec) {
      const values = JSON.stringify(spec.fields.filter(({ kind }) => kind === "selector").map(({ value }) => value));
      if (values === seen) return;
      seen = values;
      read();
    },
    /** A new conversation begins with what the last one was written with. */
    open(nextId, nextIsNew) {
      conversationId = nextId;
      isNew = nextIsNew;
      carried = isNew ? carriedFrom(shown) : {};
      if (isNew) onChange(shown);
      else read();
    },
    read,
    shown: () => shown,
    chooseModel: (model) => choose("model", "model", model, api.putModel),
    chooseEffort: (effort) => choose("reasoningEffort", "effort", effort, api.putEffort),
    /** The fields that a chat.send has to carry now. */
    carried: () => ({ ...carried }),
    /** The conversation exists now, with the model that came with its first message. */
    created() {
      isNew = false;
      const { reasoningEffort } = carried;
      carried = {};
      // An effort that is sent holds for its turn alone; written down it holds for the next ones too.
      if (reasoningEffort) choose("reasoningEffort", "effort", reasoningEffort, api.putEffort);
    },
  };
}

const carriedFrom = ({ model, effort }) => ({
  ...(model !== null && { model }),
  ...(effort !== null && { reasoningEffort: effort }),
});

// Where a message is written: the text, what it is sent with, and the buttons. Keeps every unsent text, per
// conversation, until it was sent; never sends anything itself.
import { byId, element, setText } from "./element.js";
import { effortLabels, isEffort } from "./format.js";

/**
 * @import { ReasoningEffort } from "../protocol/chat-send.ts"
 * @import { Store } from "./http.js"
 *
 * @typedef {object} ComposerOptions
 * @property {Store} storage Where drafts are kept: a reload loses nothing.
 * @property {(text: string) => void} onSend
 * @property {() => void} onStop
 * @property {(model: string) => void} onModel
 * @property {(effort: ReasoningEffort | null) => void} onEffort
 *
 * @typedef {ReturnType<typeof createComposerView>} ComposerView
 */

/** @param {ComposerOptions} options */
export function createComposerView({ storage, ...on }) {
  const form = byId("composer", HTMLFormElement);
  const text = byId("text", HTMLTextAreaElement);
  const model = byId("model", HTMLSelectElement);
  const effort = byId("effort", HTMLSelectElement);
  const send = byId("send", HTMLButtonElement);
  const stop = byId("stop", HTMLButtonElement);
  const hint = byId("hint");
  const notice = byId("notice");
  let draftKey = "";
  /** @type {readonly string[]} */
  let models = [];
  const hasTouch = matchMedia("(pointer: coarse)").matches;
  /** A text is queued while a turn runs. */
  let state = { isUp: false, isRunning: false, isStoppable: false };

  /** @param {string | undefined} conversationId */
  const adopt = (conversationId) => {
    draftKey = `turnwire.draft.${conversationId ?? "new"}`;
  };

  /** For browsers without field-sizing: the field is as high as its text, within what CSS allows. */
  const fit = () => {
    if (CSS.supports("field-sizing", "content")) return;
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
  };

  const draw = () => {
    const isEmpty = text.value.trim() === "";
    send.disabled = isEmpty || !state.isUp;
    setText(send, state.isRunning ? "Queue" : "Send");
    send.title = state.isUp ? "" : "Not connected. The text stays here.";
    const isStopping = document.activeElement === stop && !state.isStoppable;
    stop.hidden = !state.isStoppable;
    if (isStopping) text.focus();
    const keys = state.isStoppable ? "Enter queues · Esc stops" : "Enter sends · Shift+Enter new line";
    setText(hint, hasTouch ? "" : keys);
  };

  const changed = () => {
    if (text.value === "") storage.removeItem(draftKey);
    else storage.setItem(draftKey, text.value);
    fit();
    draw();
  };

  /** @param {string | undefined} sentence */
  const showNotice = (sentence) => {
    notice.hidden = !sentence;
    setText(notice, sentence ?? "");
  };

  text.addEventListener("input", changed);

  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || hasTouch) return;
    event.preventDefault();
    if (!send.disabled) form.requestSubmit();
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const written = text.value;
    if (written.trim() === "" || !state.isUp) return;
    showNotice(undefined);
    text.value = "";
    changed();
    on.onSend(written);
  });

  stop.onclick = () => on.onStop();
  model.onchange = () => on.onModel(model.value);
  effort.onchange = () => on.onEffort(isEffort(effort.value) ? effort.value : null);
  effort.append(...Object.entries(effortLabels).map(([value, label]) => element("option", { value }, label)));

  return {
    /**
     * Another conversation, with the draft that was left there.
     * @param {string | undefined} conversationId undefined: a new one
     */
    open(conversationId) {
      adopt(conversationId);
      text.value = storage.getItem(draftKey) ?? "";
      showNotice(undefined);
      fit();
      draw();
    },
    /** The new conversation has got its id. */
    adopt,
    /** @param {typeof state} next */
    update(next) {
      state = next;
      draw();
    },
    /**
     * A text that did not go through comes back, before whatever was written since.
     * @param {string} lost
     * @param {string} why
     */
    restore(lost, why) {
      text.value = [lost, text.value].filter((part) => part !== "").join("\n\n");
      changed();
      showNotice(why);
    },
    /** @param {string} suggestion */
    fill(suggestion) {
      text.value = suggestion;
      changed();
      text.focus();
    },
    notice: showNotice,
    focus: () => text.focus(),
    /** @param {readonly string[]} names of the models that can be chosen */
    offerModels(names) {
      models = names;
    },
    /** @param {string | null} chosen null: the default */
    showModel(chosen) {
      model.hidden = models.length === 0;
      const names = chosen && !models.includes(chosen) ? [...models, chosen] : models;
      const isSame =
        names.length === model.options.length && names.every((name, i) => model.options[i]?.value === name);
      if (!isSame) model.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
      model.value = chosen ?? models[0] ?? "";
    },
    /** @param {ReasoningEffort | null} chosen */
    showEffort(chosen) {
      effort.value = chosen ?? "";
    },
  };
}

// Where a message is written: the text, what it is sent with, and the buttons. Keeps every unsent text, per
// conversation, until it was sent; never sends anything itself.
import { element, setText } from "./element.js";

const draftKey = (conversationId) => `turnwire.draft.${conversationId ?? "new"}`;

/**
 * @param options.onSend (text), options.onStop (), options.onModel (model), options.onEffort (effort or null)
 * @param options.storage where drafts are kept: a reload loses nothing
 */
export function createComposerView({ form, text, model, effort, send, stop, hint, notice, storage, ...on }) {
  let conversationId;
  const hasTouch = matchMedia("(pointer: coarse)").matches;
  let state = { isUp: false, isRunning: false };

  const save = () => {
    if (text.value === "") storage.removeItem(draftKey(conversationId));
    else storage.setItem(draftKey(conversationId), text.value);
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

  const showNotice = (sentence) => {
    notice.hidden = !sentence;
    setText(notice, sentence ?? "");
  };

  text.addEventListener("input", () => {
    save();
    fit();
    draw();
  });

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
    save();
    fit();
    draw();
    on.onSend(written);
  });

  stop.onclick = () => on.onStop();
  model.onchange = () => on.onModel(model.value);
  effort.onchange = () => on.onEffort(effort.value === "" ? null : effort.value);

  return {
    /** Another conversation (undefined: a new one), with the draft that was left there. */
    open(nextId) {
      conversationId = nextId;
      text.value = storage.getItem(draftKey(conversationId)) ?? "";
      showNotice(undefined);
      fit();
      draw();
    },
    /** The new conversation has got its id. */
    adopt(nextId) {
      conversationId = nextId;
    },
    /** next: {isUp, isRunning (so a text is queued), isStoppable} */
    update(next) {
      state = next;
      draw();
    },
    /** A text that did not go through comes back, before whatever was written since. */
    restore(lost, why) {
      text.value = [lost, text.value].filter((part) => part !== "").join("\n\n");
      save();
      fit();
      draw();
      showNotice(why);
    },
    fill(suggestion) {
      text.value = suggestion;
      save();
      fit();
      draw();
      text.focus();
    },
    notice: showNotice,
    focus: () => text.focus(),
    showModels(models, chosen) {
      model.hidden = models.length === 0;
      const names = chosen && !models.includes(chosen) ? [...models, chosen] : models;
      const isSame = names.length === model.options.length && names.every((name, i) => model.options[i].value === name);
      if (!isSame) model.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
      model.value = chosen ?? models[0] ?? "";
    },
    showEffort(chosen) {
      effort.value = chosen ?? "";
    },
  };
}

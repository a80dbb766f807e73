// What can be done to the open conversation as a whole: rename, compact, close.
import { byId } from "./element.js";
import { messageOf } from "./http.js";

/**
 * @import { Api } from "./api.js"
 * @import { Toasts } from "./toasts.js"
 */

/**
 * @param {object} options
 * @param {Pick<Api, "compact" | "close" | "putTitle">} options.api
 * @param {Toasts} options.toasts
 * @param {() => string} options.idOf the open conversation's id
 * @param {() => string | null | undefined} options.titleOf its title
 * @param {() => void} options.onChange
 */
export function createMenu({ api, toasts, idOf, titleOf, onChange }) {
  const menu = byId("menu", HTMLDetailsElement);
  const dialog = byId("rename-dialog", HTMLDialogElement);
  const field = byId("rename-text", HTMLInputElement);

  /** True when there was something to close. */
  function close() {
    const wasOpen = menu.open;
    menu.open = false;
    if (wasOpen) menu.querySelector("summary")?.focus();
    return wasOpen;
  }

  /** @param {(id: string) => Promise<unknown>} task */
  async function run(task) {
    close();
    try {
      await task(idOf());
    } catch (error) {
      toasts.show(messageOf(error));
    }
    onChange();
  }

  byId("compact").onclick = () => run(api.compact);
  byId("close").onclick = () => run(api.close);
  byId("rename").onclick = () => {
    close();
    field.value = titleOf() ?? "";
    dialog.showModal();
    field.select();
  };
  byId("rename-cancel").onclick = () => dialog.close();
  byId("rename-form").addEventListener("submit", () => {
    const title = field.value.trim();
    run((id) => api.putTitle(id, title === "" ? null : title));
  });
  document.addEventListener("click", (event) => {
    if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
  });

  return { close };
}

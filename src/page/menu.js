// What can be done to the open conversation as a whole: rename, compact, close.
import { byId } from "./element.js";

/** @param options.titleOf () => the open conversation's title */
export function createMenu({ api, toasts, idOf, titleOf, onChange }) {
  const menu = byId("menu");
  const dialog = byId("rename-dialog");
  const field = byId("rename-text");

  /** True when there was something to close. */
  function close() {
    const wasOpen = menu.open;
    menu.open = false;
    if (wasOpen) menu.querySelector("summary").focus();
    return wasOpen;
  }

  async function run(task) {
    close();
    try {
      await task(idOf());
    } catch (error) {
      toasts.show(error.message);
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
    if (!menu.contains(event.target)) menu.open = false;
  });

  return { close };
}

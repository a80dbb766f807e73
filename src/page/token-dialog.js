// Asks for the token, and asks again as long as the server does not accept it.
import { byId } from "./element.js";

/** @param {(token: string, remember: boolean) => void} onToken */
export function createTokenDialog(onToken) {
  const dialog = byId("token-dialog", HTMLDialogElement);
  const input = byId("token", HTMLInputElement);
  const remember = byId("token-remember", HTMLInputElement);
  const trouble = byId("token-trouble");

  dialog.addEventListener("cancel", (event) => event.preventDefault());
  byId("token-form").addEventListener("submit", () => {
    const token = input.value.trim();
    input.value = "";
    onToken(token, remember.checked);
  });
  return {
    /** @param {boolean} wasRefused a token was sent, and it is not the right one */
    ask(wasRefused) {
      if (!dialog.open) dialog.showModal();
      // Shown only once the dialog is: an alert is announced when it appears.
      trouble.hidden = !wasRefused;
      input.setAttribute("aria-invalid", String(wasRefused));
    },
    close() {
      dialog.close();
    },
  };
}

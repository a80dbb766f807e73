// Asks for the token, and asks again as long as the server does not accept it.
import { setText } from "./element.js";

/** @param options.onToken (token, remember) */
export function createTokenDialog({ dialog, form, input, remember, why, onToken }) {
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  form.addEventListener("submit", () => {
    const token = input.value.trim();
    input.value = "";
    onToken(token, remember.checked);
  });
  return {
    /** wasRefused: a token was sent, and it is not the right one. */
    ask(wasRefused) {
      if (wasRefused) setText(why, "The server did not accept that token.");
      if (!dialog.open) dialog.showModal();
    },
  };
}

// Asks for the token, and asks again as long as the server does not accept it.

/** @param options.onToken (token, remember) */
export function createTokenDialog({ dialog, form, input, remember, trouble, onToken }) {
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  form.addEventListener("submit", () => {
    const token = input.value.trim();
    input.value = "";
    onToken(token, remember.checked);
  });
  return {
    /** wasRefused: a token was sent, and it is not the right one. */
    ask(wasRefused) {
      if (!dialog.open) dialog.showModal();
      // Shown only once the dialog is: an alert is announced when it appears.
      trouble.hidden = !wasRefused;
      input.setAttribute("aria-invalid", String(wasRefused));
    },
  };
}

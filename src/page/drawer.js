// The list of conversations on a narrow screen: a drawer that takes the focus while it is open and gives it back.

/**
 * @param {object} options
 * @param {HTMLElement} options.drawer
 * @param {HTMLElement} options.scrim
 * @param {HTMLElement} options.opener
 * @param {HTMLElement} options.closer
 * @param {HTMLElement} options.main what lies beneath
 */
export function createDrawer({ drawer, scrim, opener, closer, main }) {
  const narrow = matchMedia("(max-width: 760px)");

  /** @param {boolean} isOpen */
  function set(isOpen) {
    const isDrawer = narrow.matches;
    drawer.classList.toggle("is-open", isOpen && isDrawer);
    // What is out of sight is out of reach for the keyboard too.
    drawer.inert = isDrawer && !isOpen;
    main.inert = isDrawer && isOpen;
    scrim.hidden = !(isDrawer && isOpen);
    opener.setAttribute("aria-expanded", String(isDrawer && isOpen));
  }

  const close = () => {
    if (!drawer.classList.contains("is-open")) return;
    set(false);
    opener.focus();
  };

  opener.onclick = () => {
    set(true);
    const current = drawer.querySelector("a[aria-current]");
    (current instanceof HTMLElement ? current : closer).focus();
  };
  closer.onclick = close;
  scrim.onclick = close;
  drawer.addEventListener("keydown", (event) => event.key === "Escape" && close());
  narrow.addEventListener("change", () => set(false));
  set(false);
  return { close };
}

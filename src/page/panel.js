// The panel of surfaces beside the conversation: opens, closes, and remembers which it was. On a narrow screen it lies
// over the conversation, and so is never open unasked; on a phone it takes the focus, like the list's drawer.
import { byId } from "./element.js";
import { createSurfaceView } from "./surface-view.js";

/**
 * @import { Store } from "./http.js"
 * @import { Surfaces } from "./surfaces.js"
 */

const panelKey = "turnwire.panel";

/**
 * @param {object} options
 * @param {Surfaces} options.surfaces
 * @param {Store} options.storage
 * @param {() => void} options.onToggle after opening and closing
 */
export function createPanel({ surfaces, storage, onToggle }) {
  const panel = byId("panel");
  const toggle = byId("panel-toggle");
  const scrim = byId("panel-scrim");
  const main = byId("main");
  const wide = matchMedia("(min-width: 1180px)");
  const narrow = matchMedia("(max-width: 760px)");
  const isWanted = () => wide.matches && storage.getItem(panelKey) !== "closed";
  let isOpen = isWanted();
  const view = createSurfaceView({
    root: byId("surfaces"),
    onInvoke: surfaces.invoke,
  });

  const draw = () => {
    const isDrawer = isOpen && narrow.matches;
    panel.hidden = !isOpen;
    scrim.hidden = !isDrawer;
    main.inert = isDrawer;
    toggle.setAttribute("aria-expanded", String(isOpen));
  };

  /** @param {boolean} next */
  function set(next) {
    isOpen = next;
    draw();
    onToggle();
  }

  /**
   * As the reader wishes it; what they wish on a wide screen is remembered.
   * @param {boolean} next
   */
  function choose(next) {
    if (wide.matches) storage.setItem(panelKey, next ? "open" : "closed");
    set(next);
  }

  function close() {
    choose(false);
    toggle.focus();
  }

  toggle.onclick = () => {
    choose(!isOpen);
    if (isOpen) byId("panel-close").focus();
  };
  byId("panel-close").onclick = scrim.onclick = close;
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    close();
  });
  for (const width of [wide, narrow]) width.addEventListener("change", () => set(isWanted()));
  draw();

  return {
    isOpen: () => isOpen,
    /** Where it lies over everything else. True when there was something to close. */
    closeDrawer() {
      const wasDrawer = isOpen && narrow.matches;
      if (wasDrawer) close();
      return wasDrawer;
    },
    update() {
      if (!isOpen) return;
      // The queue stands above the message field; the conversation's own surfaces come first.
      const shown = surfaces.watched().filter((surface) => surface.surfaceId !== "message-queue");
      shown.sort((a, b) => Number(b.conversationId !== undefined) - Number(a.conversationId !== undefined));
      view.update(shown, surfaces.catalog());
    },
  };
}

// Says how the page is connected, with a countdown while it waits to come back.
import { setText } from "./element.js";

/**
 * @import { Clock } from "./clock.js"
 * @import { WireState } from "./wire.js"
 */

const texts = {
  connecting: "Connecting…",
  live: "Live",
  draining: "Server is stopping, answers go on",
  locked: "Token needed",
  stopped: "Not connected",
};

/**
 * @param {object} options
 * @param {HTMLElement} options.dot
 * @param {HTMLElement} options.text
 * @param {HTMLElement} options.now the button that ends the waiting
 * @param {HTMLElement} options.banner
 * @param {Clock} options.clock
 */
export function createConnectionView({ dot, text, now, banner, clock }) {
  /** @type {WireState} */
  let state = { name: "stopped" };
  /** When the waiting ends. Monotonic, ms. */
  let endsAtMs = 0;
  /** @type {unknown} */
  let timer;
  let wasLive = false;

  function wording() {
    if (state.name === "waiting") {
      const seconds = Math.max(0, Math.ceil((endsAtMs - clock.now()) / 1000));
      return `Reconnecting in ${seconds} s`;
    }
    if (state.name === "ended") return `Disconnected: ${state.why || "the server does not want this page back"}`;
    return texts[state.name];
  }

  function draw() {
    clock.clearTimeout(timer);
    dot.className = `dot is-${state.name}`;
    setText(text, wording());
    text.title = "why" in state ? state.why : "";
    now.hidden = state.name !== "waiting" && state.name !== "ended";
    setText(now, state.name === "ended" ? "Try again" : "Now");
    setText(banner, bannerText());
    if (state.name === "waiting") timer = clock.setTimeout(draw, 500);
  }

  /** Where the list is out of sight, only what is wrong is worth a word; said once, not every second. */
  function bannerText() {
    if (state.name === "live") return "";
    if (state.name === "waiting" || state.name === "connecting") return wasLive ? "Reconnecting…" : "";
    return wording();
  }

  return {
    /** @param {WireState} next */
    show(next) {
      state = next;
      // The wall clock may be set back while it counts down.
      if (next.name === "waiting") endsAtMs = clock.now() + next.untilMs - clock.wall();
      wasLive ||= state.name === "live";
      draw();
    },
  };
}

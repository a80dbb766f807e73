// The controls of a film, and its cast: the actors that live at the moment, with their states. Stands above the picked
// actor's chart and log, which show the same moment.
import { byId, element, setText } from "/element.js";
import { createRows } from "/rows.js";
import { duration, nameOf, number } from "./format.js";
import { makeChip } from "./list-view.js";
import { speeds } from "./playback.js";

/**
 * @import { Row } from "/rows.js"
 * @import { ActorSummary } from "../../src/diagnostics/inspection/answers.ts"
 * @import { Film } from "./film.js"
 * @import { Playback } from "./playback.js"
 *
 * @typedef {{ actor: ActorSummary, isPicked: boolean, isMover: boolean }} Shown
 */

/** Of ten thousand actors nobody reads all. */
const castMax = 200;

/** @param {(actor: ActorSummary) => string} hrefOf */
export function createPlayerView(hrefOf) {
  /** @type {Playback | undefined} */
  let playback;
  const play = element("button", { class: "plain", id: "film-play", type: "button" });
  const back = element(
    "button",
    { class: "plain", id: "film-back", type: "button", "aria-label": "One change back" },
    "◀",
  );
  const forth = element(
    "button",
    { class: "plain", id: "film-forth", type: "button", "aria-label": "One change on" },
    "▶",
  );
  const scrub = element("input", { id: "film-scrub", type: "range", min: "0", step: "1", "aria-label": "Moment" });
  const options = speeds.map((speed) => element("option", { value: String(speed) }, `${speed}×`));
  const speed = element("select", { id: "film-speed", "aria-label": "Speed" }, ...options);
  const time = element("span", { class: "film-time", id: "film-time" });
  const caption = element("p", { class: "film-caption", id: "film-caption", role: "status" });
  const cast = element("ul", { class: "cast", id: "film-cast", "aria-label": "Actors at this moment" });
  const tools = element("div", { class: "film-tools" }, play, back, forth, scrub, time, speed);
  const root = element(
    "section",
    { class: "film", id: "film", "aria-label": "Recording", hidden: true },
    tools,
    caption,
    cast,
  );
  byId("known").before(root);
  const showCast = createRows(cast, ({ actor }) => actor.id, makeMember);

  play.onclick = () => (playback?.isPlaying ? playback.pause() : playback?.play());
  back.onclick = () => playback?.step(-1);
  forth.onclick = () => playback?.step(+1);
  scrub.oninput = () => playback?.goTo(Number(scrub.value));
  speed.onchange = () => playback?.setSpeed(Number(speed.value));

  /**
   * @param {Shown} shown
   * @returns {Row<Shown>}
   */
  function makeMember({ actor }) {
    const name = element("span", { class: "cast-name" });
    const chips = element("span", { class: "chips" });
    const link = element("a", { class: "member", href: hrefOf(actor) }, element("b", {}, actor.chart), name, chips);
    const showChips = createRows(chips, (state) => state, makeChip);
    return {
      node: element("li", {}, link),
      update({ actor: current, isPicked, isMover }) {
        setText(name, nameOf(current));
        showChips(current.states);
        link.setAttribute("aria-current", String(isPicked));
        link.classList.toggle("mover", isMover);
      },
    };
  }

  return {
    /** @param {Playback | undefined} next */
    use(next) {
      playback = next;
      root.hidden = next === undefined;
      if (next) speed.value = String(next.speed);
    },
    /**
     * @param {Film} film
     * @param {string} pickedId
     */
    show(film, pickedId) {
      if (!playback) return;
      const { moment, isPlaying } = playback;
      setText(play, isPlaying ? "Pause" : "Play");
      scrub.max = String(film.length);
      scrub.value = String(moment);
      back.disabled = moment === 0;
      forth.disabled = moment === film.length;
      const begun = film.at(0);
      const passed = `${duration(film.at(moment) - begun)} of ${duration(film.at(film.length) - begun)}`;
      setText(time, `${passed}, change ${number(moment)} of ${number(film.length)}`);
      setText(caption, film.caption(moment) || film.about);
      const mover = film.mover(moment);
      const living = film.cast(moment).slice(0, castMax);
      cast.hidden = !film.hasSeveral;
      if (film.hasSeveral)
        showCast(living.map((actor) => ({ actor, isPicked: actor.id === pickedId, isMover: actor.id === mover })));
    },
  };
}

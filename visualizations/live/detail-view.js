// The picked actor as a whole: its name, the moment that is looked at, and the parts that show it. Shows either now or,
// while its log is paused, the moment of an entry.

import { byId, setText } from "/element.js";
import { createAboutView } from "./about-view.js";
import { createChartView } from "./chart-view.js";
import { eventWords, nameOf, timeOfDay, unknownMoment } from "./format.js";
import { createLogView } from "./log-view.js";
import { createNowView } from "./now-view.js";
import { recordingOf } from "./recording.js";
import { copyJson, saveJson } from "./saving.js";

/**
 * @import { Clock } from "/clock.js"
 * @import { ActorSummary, Overview } from "../../src/diagnostics/inspection/answers.ts"
 * @import { ChartBook } from "./chart-book.js"
 * @import { Log, LogEntry } from "./log.js"
 * @import { Detail, Ending, Watched } from "./watched.js"
 */

/** How long a button says what it has done. */
const copiedMs = 2_000;

/**
 * @param {object} options
 * @param {ChartBook} options.book
 * @param {(chart: string) => Promise<string>} options.machine as JSON
 * @param {Clock} options.clock
 * @param {(actor: ActorSummary) => string} options.hrefOf
 * @param {(conversationId: string) => string} options.conversationHref
 * @param {() => boolean} options.isStill
 * @param {() => void} options.onChange
 */
export function createDetailView({ book, machine, clock, hrefOf, conversationHref, isStill, onChange }) {
  /** @type {Watched | undefined} */
  let watched;
  /** @type {string | undefined} */
  let shownChart;
  /**
   * Transitions that have been taken since the last picture was painted.
   * @type {Set<string>}
   */
  let taken = new Set();

  const chartView = createChartView({ root: byId("chart"), book, clock, isStill });
  const nowView = createNowView(book);
  const aboutView = createAboutView(hrefOf);
  const logView = createLogView({
    onChange,
    onExport() {
      if (watched) save(watched, clock.wall());
    },
  });
  const copy = byId("copy-machine", HTMLButtonElement);
  copy.onclick = async () => {
    const chart = watched?.detail?.chart;
    if (chart === undefined) return;
    copy.disabled = true;
    const words = await machine(chart).then(
      (text) => copyJson(text, `${chart}.json`),
      () => "Not now",
    );
    setText(copy, words);
    clock.setTimeout(() => {
      setText(copy, "Copy JSON");
      copy.disabled = false;
    }, copiedMs);
  };
  const fitButton = byId("zoom-fit");
  /** @param {boolean} isWhole */
  const sayFit = (isWhole) => fitButton.setAttribute("aria-pressed", String(isWhole));
  fitButton.onclick = () => sayFit(chartView.fit());
  for (const [id, direction] of /** @type {const} */ ([
    ["zoom-in", +1],
    ["zoom-out", -1],
  ]))
    byId(id).onclick = () => {
      chartView.zoom(direction);
      sayFit(false);
    };

  /**
   * @param {Watched} watched
   * @param {LogEntry | undefined} shown
   */
  function drawHead({ id, detail, log, ending, isRecorded }, shown) {
    setText(byId("kind"), detail?.chart ?? "actor");
    setText(byId("name"), detail ? nameOf(detail) : id);
    document.title = `${detail ? `${detail.chart} ${nameOf(detail)}` : id} · turnwire inspector`;
    const [kind, words] = momentOf(log, shown, ending, isRecorded);
    setText(byId("moment"), words);
    byId("moment").className = `moment ${kind}`;
    const { conversationId } = detail?.names ?? {};
    const whole = byId("to-conversation", HTMLAnchorElement);
    whole.hidden = conversationId === undefined;
    if (conversationId !== undefined) whole.href = conversationHref(conversationId);
  }

  /**
   * @param {Watched} watched
   * @param {string} chart
   * @param {LogEntry | undefined} shown
   */
  function drawChart({ log, ending, states }, chart, shown) {
    if (shownChart !== chart) {
      shownChart = chart;
      sayFit(false);
      chartView.show(chart).then((isShown) => {
        // Asked for again with the next answer of the server.
        if (!isShown) shownChart = undefined;
        else onChange();
      });
    }
    chartView.light(log.isPaused && shown ? shown.states : states, true);
    chartView.mark(log.isPaused || ending ? (shown?.transitions ?? []) : []);
    chartView.flash(taken);
    taken = new Set();
  }

  return {
    /**
     * Another actor is picked.
     * @param {Watched} next
     */
    use(next) {
      watched = next;
      shownChart = undefined;
      taken = new Set();
      aboutView.clear();
      logView.use(next.log);
    },
    /**
     * Transitions that it has just taken.
     * @param {readonly string[]} keys
     */
    take(keys) {
      if (!watched?.log.isPaused) for (const key of keys) taken.add(key);
    },
    /**
     * @param {Overview | undefined} overview undefined as yet
     * @param {boolean} isFromAnotherRun
     * @param {boolean} isTooEarly the moment that was asked for is before the log
     */
    draw(overview, isFromAnotherRun, isTooEarly) {
      if (!watched) return;
      const { detail, log, ending, states, trouble } = watched;
      const shown = log.shown();
      const at = ending?.at ?? overview?.at ?? clock.wall();
      drawHead(watched, shown);
      const sentences = [
        ...[isFromAnotherRun && anotherRun, isTooEarly && unknownMoment],
        ...[ending && endingOf(detail, ending), trouble],
      ];
      setText(byId("ending"), sentences.filter(Boolean).join(" "));
      byId("ending").hidden = byId("ending").textContent === "";
      byId("known").hidden = !detail;
      if (!detail) return;
      drawChart(watched, detail.chart, shown);
      const isNow = !log.isPaused && !ending;
      nowView.show(log.isPaused && shown ? shown.states : states, (isNow && detail.waitsFor) || []);
      aboutView.show(detail, at, ending !== undefined);
      logView.show(overview?.payloads === "hidden", ending !== undefined || watched.isRecorded);
    },
  };
}

const anotherRun = "This address was made before the server was started anew: it may name another actor now.";

const hows = {
  done: "It has reached its end",
  stopped: "It was stopped",
  error: "It threw, and is no more",
  gone: "There is no such actor: it has ended, or the address is of another time",
};

/**
 * @param {Detail | undefined} detail
 * @param {Ending} ending
 */
function endingOf(detail, { how, at, event }) {
  const code = detail?.flow?.closeCode;
  const closed = code === undefined ? "" : `; its socket was closed with ${code}`;
  const when = how === "gone" ? "" : ` at ${timeOfDay(at)}`;
  const during = how === "error" && event ? `, taking ${eventWords(event)}` : "";
  const last = detail ? " What is shown is its last state." : "";
  return `${hows[how]}${when}${during}${closed}.${last}`;
}

/**
 * @param {Log} log
 * @param {LogEntry | undefined} shown
 * @param {Ending | undefined} ending
 * @param {boolean} isRecorded
 * @returns {[kind: string, words: string]}
 */
function momentOf(log, shown, ending, isRecorded) {
  if (log.isPaused && shown) return ["paused", `as of ${timeOfDay(shown.at)}`];
  if (isRecorded && !ending) return ["paused", "not begun"];
  return ending ? ["ended", "ended"] : ["live", "live"];
}

/**
 * @param {Watched} watched
 * @param {number} madeAt
 */
function save({ id, detail, log, ending }, madeAt) {
  const recording = recordingOf({ madeAt, id, detail, ending, entries: log.entries, dropped: log.dropped });
  const name = `turnwire-${detail?.chart ?? "actor"}-${id.replaceAll(/\W/g, "-")}.json`;
  saveJson(`${JSON.stringify(recording, null, 2)}\n`, name);
}

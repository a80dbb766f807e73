// The picked actor as a whole: its name, the moment that is looked at, and the parts that show it. Shows either now or,
// while its log is paused, the moment of an entry.

import { byId, setText } from "/element.js";
import { createChartView } from "./chart-view.js";
import { createFactsView } from "./facts-view.js";
import { eventWords, nameOf, timeOfDay } from "./format.js";
import { createLogView } from "./log-view.js";
import { createNowView } from "./now-view.js";

/** @param options.about () => what an exported log says of its server */
export function createDetailView({ book, clock, hrefOf, isStill, onChange, about }) {
  let watched;
  let shownChart;
  /** Transitions that have been taken since the last picture was painted. */
  let taken = new Set();

  const chartView = createChartView({ root: byId("chart"), book, clock, isStill });
  const nowView = createNowView({
    cards: byId("cards"),
    beside: byId("beside"),
    title: byId("beside-title"),
    events: byId("beside-events"),
    book,
  });
  const factsView = createFactsView({
    facts: byId("facts"),
    parent: byId("parent"),
    children: byId("children"),
    childrenNote: byId("children-note"),
    sparkline: byId("sparkline"),
    hrefOf,
  });
  const logView = createLogView({
    scroller: byId("log"),
    rows: byId("log-rows"),
    note: byId("log-note"),
    entry: byId("log-entry"),
    buttons: {
      pause: byId("log-pause"),
      back: byId("log-back"),
      forth: byId("log-forth"),
      clear: byId("log-clear"),
      export: byId("log-export"),
    },
    onChange,
    onExport: () => save(watched, clock.wall(), about()),
  });
  byId("zoom-in").onclick = () => chartView.zoom(+1);
  byId("zoom-out").onclick = () => chartView.zoom(-1);
  byId("zoom-fit").onclick = () => chartView.fit();

  function drawHead({ id, detail, log, ending }, shown) {
    setText(byId("kind"), detail?.chart ?? "actor");
    setText(byId("name"), detail ? nameOf(detail) : id);
    document.title = `${detail ? `${detail.chart} ${nameOf(detail)}` : id} · turnwire inspector`;
    const [kind, words] = momentOf(log, shown, ending);
    setText(byId("moment"), words);
    byId("moment").className = `moment ${kind}`;
  }

  function drawChart({ detail, log, ending, states }, shown) {
    if (shownChart !== detail.chart) {
      shownChart = detail.chart;
      chartView.show(detail.chart).then((isShown) => {
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
    /** Another actor is picked. */
    use(next) {
      watched = next;
      shownChart = undefined;
      taken = new Set();
      factsView.clear();
      logView.use(next.log);
    },
    /** Transitions that it has just taken. */
    take(keys) {
      if (!watched.log.isPaused) for (const key of keys) taken.add(key);
    },
    /** overview may be missing as yet. */
    draw(overview, isFromAnotherRun) {
      const { detail, log, ending, states } = watched;
      const shown = log.shown();
      const at = ending?.at ?? overview?.at ?? clock.wall();
      drawHead(watched, shown);
      const sentences = [isFromAnotherRun && anotherRun, ending && endingOf(detail, ending), watched.trouble];
      setText(byId("ending"), sentences.filter(Boolean).join(" "));
      byId("ending").hidden = byId("ending").textContent === "";
      byId("known").hidden = !detail;
      if (!detail) return;
      drawChart(watched, shown);
      const isNow = !log.isPaused && !ending;
      nowView.show(log.isPaused && shown ? shown.states : states, isNow ? detail.waitsFor : undefined);
      factsView.show(detail, at, ending !== undefined);
      logView.show({ hidesPayloads: overview?.payloads === "hidden", hasEnded: ending !== undefined });
    },
  };
}

const anotherRun = "This address was made before the server was started anew: it may name another actor now.";

const hows = new Map([
  ["done", "It has reached its end"],
  ["stopped", "It was stopped"],
  ["error", "It threw, and is no more"],
  ["gone", "There is no such actor: it has ended, or the address is of another time"],
]);

function endingOf(detail, { how, at, event }) {
  const code = detail?.flow?.closeCode;
  const closed = code === undefined ? "" : `; its socket was closed with ${code}`;
  const when = how === "gone" ? "" : ` at ${timeOfDay(at)}`;
  const during = how === "error" && event ? `, taking ${eventWords(event)}` : "";
  const last = detail ? " What is shown is its last state." : "";
  return `${hows.get(how) ?? how}${when}${during}${closed}.${last}`;
}

function momentOf(log, shown, ending) {
  if (log.isPaused && shown) return ["paused", `as of ${timeOfDay(shown.at)}`];
  return ending ? ["ended", "ended"] : ["live", "live"];
}

/** Of the last file that was saved: the browser may still be reading it long after the click. */
let savedUrl = "";

function save({ id, detail, log, ending }, exportedAt, about) {
  const { chart, names, bornAt } = detail ?? {};
  const whole = log.exported({ exportedAt, ...about, actor: { id, chart, names, bornAt }, ending });
  const link = document.createElement("a");
  URL.revokeObjectURL(savedUrl);
  savedUrl = URL.createObjectURL(new Blob([`${JSON.stringify(whole, null, 2)}\n`], { type: "application/json" }));
  link.href = savedUrl;
  link.download = `turnwire-${chart ?? "actor"}-${id.replaceAll(/\W/g, "-")}.json`;
  link.click();
}

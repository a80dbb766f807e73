// Puts the page together: what is read from the server goes to the views, what a person picks goes into the address.
// Everything here only reads from the server. What begins with a slash is the chat page's: the same server sends both.
import { clock } from "/clock.js";
import { byId, setText } from "/element.js";
import { messageOf, statusOf } from "/http.js";
import { createTokenDialog } from "/token-dialog.js";
import { createApi } from "./api.js";
import { createChartBook } from "./chart-book.js";
import { createDetailView } from "./detail-view.js";
import { queryOf } from "./filter.js";
import { createFindView } from "./find-view.js";
import { duration, number } from "./format.js";
import { createListView } from "./list-view.js";
import { createMapView } from "./map-view.js";
import { createPull } from "./pull.js";
import { hashOf, routeOf } from "./route.js";
import { createTreeView } from "./tree-view.js";
import { watchActor } from "./watched.js";

/**
 * @import { ActorsFound, ActorSummary, Overview } from "../../src/diagnostics/inspection/answers.ts"
 * @import { Filter } from "./filter.js"
 * @import { Watched } from "./watched.js"
 */

const listedMax = 50;
/** The list is asked for in every second round, and at once when the filter changes. */
const roundsPerList = 2;

/** @type {Overview | undefined} */
let overview;
/** @type {ActorsFound | undefined} */
let result;
/** @type {Watched | undefined} */
let watched;
/** The picked actor was one of another run of the server. */
let isFromAnotherRun = false;
let isDrawing = false;

const api = createApi({
  base: new URL("/inspect/", location.href),
  fetch: (url, init) => fetch(url, init),
  stores: [sessionStorage, localStorage],
  onUnauthorised: (wasRefused) => tokenDialog.ask(wasRefused),
});

/** @param {ActorSummary} actor */
const hrefOf = ({ id }) => hashOf(id, overview?.startedAt ?? 0);

// ── views ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const book = createChartBook({
  api,
  onRead() {
    findView.listStates();
    draw();
  },
});
const mapView = createMapView({ root: byId("map"), book, onPick: (chart) => pick({ chart, state: "" }) });
const treeView = createTreeView({ list: byId("tree"), onPick: pick });
const findView = createFindView({
  book,
  clock,
  onChange() {
    draw();
    readList().catch(showTrouble);
  },
});
const listView = createListView({ list: byId("actors"), found: byId("found"), book, hrefOf });
const detailView = createDetailView({
  book,
  clock,
  hrefOf,
  isStill: () => matchMedia("(prefers-reduced-motion: reduce)").matches,
  onChange: drawSoon,
  about: () => ({ server: { startedAt: overview?.startedAt } }),
});
const tokenDialog = createTokenDialog((token, remember) => {
  api.useToken(token, remember);
  openRoute(true);
  pull.now();
});

// ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────────

let listAsked = 0;

async function readList() {
  const mine = ++listAsked;
  const read = await api.actors(queryOf(findView.filter(), listedMax));
  if (mine !== listAsked) return;
  result = read;
  drawSoon();
}

const pull = createPull({
  clock,
  isVisible: () => document.visibilityState === "visible",
  async ask(round) {
    if (mapView.families().length === 0) await openMap();
    const list = round % roundsPerList === 0 && readList();
    const [read] = await Promise.all([api.overview(), watched?.refresh(), list]);
    overview = read;
    const startedAt = routeOf(location.hash)?.startedAt;
    // An address that was made before the first answer names no run.
    isFromAnotherRun = Boolean(startedAt) && startedAt !== read.startedAt;
    drawSoon();
  },
  onTrouble: showTrouble,
});

/** The kinds there are stand in the picture of the tree. */
async function openMap() {
  await mapView.open();
  findView.listKinds(mapView.families().map(({ kind }) => kind));
}

/** @param {unknown} error undefined: all is well */
function showTrouble(error) {
  byId("dot").classList.toggle("bad", error !== undefined);
  const sentence = statusOf(error) === 401 ? "A token is needed." : messageOf(error);
  setText(byId("health"), error === undefined ? "Live" : sentence);
  document.body.classList.toggle("is-stale", error !== undefined);
}

// ── what is picked ─────────────────────────────────────────────────────────────────────────────────────────────────

/** @param {Partial<Filter>} changes */
function pick(changes) {
  findView.set(changes);
  if (location.hash !== "" && location.hash !== "#/" && isNarrow()) location.hash = "#/";
}

const isNarrow = () => matchMedia("(max-width: 760px)").matches;

/** isAnew: also when it is watched already. */
function openRoute(isAnew = false) {
  const route = routeOf(location.hash);
  if (!isAnew && route?.id === watched?.id) return;
  watched?.stop();
  watched = undefined;
  if (route) {
    const mine = watchActor(route.id, {
      api,
      clock,
      onChange: () => watched === mine && drawSoon(),
      onTaken: (keys) => watched === mine && detailView.take(keys),
    });
    watched = mine;
    detailView.use(mine);
  }
  byId("home").hidden = route !== undefined;
  byId("detail").hidden = route === undefined;
  document.body.classList.toggle("is-detail", route !== undefined);
  byId("side").scrollTop = 0;
  draw();
  pull.now();
}

// ── drawing ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Once before the next picture, however much has happened; not at all while nobody sees it. */
function drawSoon() {
  if (isDrawing) return;
  isDrawing = true;
  clock.frame(draw);
}

function draw() {
  isDrawing = false;
  drawOverview();
  if (watched) detailView.draw(overview, isFromAnotherRun);
  else document.title = "turnwire inspector";
}

function drawOverview() {
  if (!overview) return;
  const { charts, counts, at, startedAt } = overview;
  const sockets = Number(counts["sockets"] ?? 0);
  const turns = Number(counts["runningTurns"] ?? counts["turns"] ?? 0);
  const words = [`${number(sockets)} ${sockets === 1 ? "socket" : "sockets"}`];
  words.push(`${number(turns)} ${turns === 1 ? "turn" : "turns"} running`, `up ${duration(at - startedAt)}`);
  setText(byId("figures"), words.join(" · "));
  mapView.show(charts);
  treeView.show(mapView.families(), charts, findView.filter());
  if (result) listView.show(result, at, watched?.id);
}

// ── the window ─────────────────────────────────────────────────────────────────────────────────────────────────────

byId("skip").onclick = (event) => {
  event.preventDefault();
  byId("find").focus();
};
addEventListener("hashchange", () => openRoute());
document.addEventListener("visibilitychange", () =>
  document.visibilityState === "visible" ? pull.now() : pull.rest(),
);
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  const isTyping = event.target instanceof Element && event.target.matches("input, select, textarea");
  if (event.key === "/" && !isTyping) {
    event.preventDefault();
    byId("find").focus();
  }
  if (event.key === "Escape" && watched && !isTyping) {
    if (!watched.log.isPaused) location.hash = "#/";
    watched?.log.resume();
    draw();
  }
});

openRoute(true);

// Puts the page together: what is read from the server goes to the views, what a person picks goes into the address.
// Steers nothing on the server: everything here only looks. What begins with a slash is the chat page's: the same
// server sends both.
import { clock } from "/clock.js";
import { byId, setText } from "/element.js";
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

const listedMax = 50;
/** The list is asked for in every second round, and at once when the filter changes. */
const roundsPerList = 2;

let overview;
let result;
let watched;
/** The picked actor was one of another run of the server. */
let isFromAnotherRun = false;
let isDrawing = false;

const api = createApi({
  base: new URL("/inspect/", location.href),
  fetch: (...call) => fetch(...call),
  stores: [sessionStorage, localStorage],
  onUnauthorised: (wasRefused) => tokenDialog.ask(wasRefused),
});
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
  form: byId("find-form"),
  find: byId("find"),
  chart: byId("find-chart"),
  state: byId("find-state"),
  age: byId("find-age"),
  clear: byId("find-clear"),
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
const tokenDialog = createTokenDialog({
  dialog: byId("token-dialog"),
  form: byId("token-form"),
  input: byId("token"),
  remember: byId("token-remember"),
  trouble: byId("token-trouble"),
  onToken(token, remember) {
    api.useToken(token, remember);
    openRoute(true);
    pull.now();
  },
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
    const asked = [api.overview(), watched?.refresh(), round % roundsPerList === 0 && readList()];
    [overview] = await Promise.all(asked);
    const route = routeOf(location.hash);
    isFromAnotherRun = route?.startedAt > 0 && route.startedAt !== overview.startedAt;
    drawSoon();
  },
  onTrouble: showTrouble,
});

/** The kinds there are stand in the picture of the tree. */
async function openMap() {
  await mapView.open();
  findView.listKinds(mapView.families().map(({ kind }) => kind));
}

function showTrouble(error) {
  byId("dot").classList.toggle("bad", error !== undefined);
  setText(byId("health"), error === undefined ? "Live" : error.status === 401 ? "A token is needed." : error.message);
  document.body.classList.toggle("is-stale", error !== undefined);
}

// ── what is picked ─────────────────────────────────────────────────────────────────────────────────────────────────

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
  const sockets = Number(counts.sockets ?? 0);
  const turns = Number(counts.runningTurns ?? counts.turns ?? 0);
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
  const isTyping = event.target.matches?.("input, select, textarea");
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

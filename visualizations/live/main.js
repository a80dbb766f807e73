// Puts the page together: what is read from the server goes to the views, what a person picks goes into the address.
// Everything here only reads from the server. What begins with a slash is the chat page's: the same server sends both.
import { clock } from "/clock.js";
import { byId, setText } from "/element.js";
import { messageOf, statusOf } from "/http.js";
import { createTokenDialog } from "/token-dialog.js";
import { takeToken } from "/token-link.js";
import { createApi } from "./api.js";
import { createChartBook } from "./chart-book.js";
import { createDetailView } from "./detail-view.js";
import { queryOf } from "./filter.js";
import { createFindView } from "./find-view.js";
import { followConversation } from "./followed.js";
import { duration, number } from "./format.js";
import { createHomeView } from "./home-view.js";
import { createLensView } from "./lens-view.js";
import { createListView } from "./list-view.js";
import { createMapView } from "./map-view.js";
import { createPull } from "./pull.js";
import { hashOf, home, routeOf } from "./route.js";
import { createShelf } from "./shelf.js";
import { createTreeView } from "./tree-view.js";
import { watchActor } from "./watched.js";

/**
 * @import { ActorsFound, ActorSummary, Overview } from "../../src/diagnostics/inspection/answers.ts"
 * @import { Filter } from "./filter.js"
 * @import { Followed } from "./followed.js"
 * @import { Watched } from "./watched.js"
 */

const listedMax = 50;
const conversationsMax = 8;
/** The list is asked for in every second round, and at once when the filter changes. */
const roundsPerList = 2;

/** @type {Overview | undefined} */
let overview;
/** @type {ActorsFound | undefined} */
let result;
/** What the address names. */
let route = home;
/** @type {Watched | undefined} */
let watched;
/** @type {Followed | undefined} */
let followed;
/**
 * The moment that the address names, until it is looked at.
 * @type {number | undefined}
 */
let wantedAt;
/** The picked actor was one of another run of the server. */
let isFromAnotherRun = false;
/** A recording is looked at, or the list of them. */
let isShelf = false;
let isDrawing = false;

const linked = takeToken(location, history);
const api = createApi({
  base: new URL("/inspect/", location.href),
  fetch: (url, init) => fetch(url, init),
  stores: [sessionStorage, localStorage],
  onUnauthorised: (wasRefused) => tokenDialog.ask(wasRefused),
});
if (linked !== undefined) api.useToken(linked, true);

/** @param {ActorSummary} actor */
const hrefOf = ({ id }) => hashOf({ lens: "actor", id, startedAt: overview?.startedAt ?? 0 });
/** @param {string} id */
const conversationHref = (id) => hashOf({ lens: "conversation", id, startedAt: overview?.startedAt });

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
const homeView = createHomeView(conversationHref);
const lensView = createLensView({ onChange: drawSoon });
const listView = createListView({ list: byId("actors"), found: byId("found"), book, hrefOf });
const shelf = createShelf({ api, clock, onChange: drawSoon, onOpen: () => openRoute(true) });
const detailView = createDetailView({
  book,
  machine: api.machine,
  clock,
  hrefOf: (actor) => (isShelf ? shelf.hrefOf(actor) : hrefOf(actor)),
  conversationHref,
  isStill: () => matchMedia("(prefers-reduced-motion: reduce)").matches,
  onChange: drawSoon,
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

/** For the start page alone. */
async function readConversations() {
  if (route.lens !== "home") return;
  homeView.show(await api.actors(new URLSearchParams({ chart: "conversation", limit: String(conversationsMax) })));
}

const pull = createPull({
  clock,
  isVisible: () => document.visibilityState === "visible",
  async ask(round) {
    if (mapView.families().length === 0) await openMap();
    const lists = round % roundsPerList === 0 ? [readList(), readConversations()] : [];
    const [read] = await Promise.all([api.overview(), watched?.refresh(), ...lists]);
    overview = read;
    await shelf.refresh(read);
    // An address that was made before the first answer names no run.
    isFromAnotherRun = Boolean(route.startedAt) && route.startedAt !== read.startedAt;
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
  if (route.lens !== "home" && isNarrow()) location.hash = "#/";
}

const isNarrow = () => matchMedia("(max-width: 760px)").matches;

/** isAnew: also when it is watched already. */
function openRoute(isAnew = false) {
  const next = routeOf(location.hash);
  const shelved = shelf.open(location.hash);
  const isOther = isAnew || shelved || isShelf || next.lens !== route.lens || next.id !== route.id;
  route = next;
  isShelf = shelved !== undefined;
  wantedAt = route.at;
  lensView.showAsList(route.isList);
  if (route.filter) findView.set(route.filter);
  if (isOther) open(shelved?.watched);
  draw();
}

/**
 * Watches what the address names, and nothing else.
 * @param {Watched | undefined} recorded
 */
function open(recorded) {
  const { lens, id } = route;
  watched?.stop();
  followed?.stop();
  watched = recorded;
  followed = undefined;
  if (recorded) detailView.use(recorded);
  if (lens === "actor") {
    const mine = watchActor(id, {
      api,
      clock,
      onChange: () => watched === mine && drawSoon(),
      onTaken: (keys) => watched === mine && detailView.take(keys),
    });
    watched = mine;
    detailView.use(mine);
  }
  if (lens === "conversation") {
    const mine = followConversation(id, { api, clock, onChange: () => followed === mine && drawSoon() });
    followed = mine;
    lensView.use(mine);
  }
  byId("home").hidden = lens !== "home" || isShelf;
  byId("detail").hidden = !watched;
  byId("lens").hidden = lens !== "conversation";
  document.body.classList.toggle("is-detail", lens !== "home" || isShelf);
  byId("side").scrollTop = 0;
  pull.now();
}

/** The address always leads back to what is shown. */
function writeAddress() {
  if (isShelf) return;
  const { lens, id } = route;
  const named = routeOf(location.hash);
  // The person is on the way elsewhere.
  if (named.lens !== lens || named.id !== id) return;
  const startedAt = route.startedAt ?? (lens === "home" ? undefined : overview?.startedAt);
  const { isList, at: selectedAt } = lensView.place();
  const seenAt = watched ? (watched.log.isPaused ? watched.log.shown()?.at : undefined) : selectedAt;
  const at = lens === "home" ? undefined : (wantedAt ?? seenAt);
  const isShownAsList = lens === "conversation" && isList;
  const hash = hashOf({ lens, id, startedAt, filter: findView.filter(), at, isList: isShownAsList });
  if (hash !== location.hash && !(hash === "#/" && location.hash === "")) history.replaceState(null, "", hash);
}

/** Looks at the moment that the address names, as soon as it is known whether it is there. */
function lookAtMoment() {
  const has = watched ? watched.log.entries.length > 0 : (followed?.log.entries.length ?? 0) > 0;
  if (wantedAt === undefined || !has) return false;
  const isThere = watched ? watched.log.goToTime(wantedAt) : lensView.goToTime(wantedAt);
  if (isThere || watched?.log.isPaused || lensView.isPaused) wantedAt = undefined;
  return !isThere;
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
  const isTooEarly = lookAtMoment();
  if (isShelf) shelf.draw();
  if (watched) detailView.draw(isShelf ? shelf.overviewAt(overview) : overview, isFromAnotherRun, isTooEarly);
  else if (followed) lensView.draw(isTooEarly);
  else document.title = "turnwire inspector";
  writeAddress();
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
  if (event.key === "Escape" && route.lens !== "home" && !isTyping) {
    const isPaused = watched?.log.isPaused || (followed && lensView.isPaused);
    watched?.log.resume();
    if (followed) lensView.resume();
    if (!isPaused) location.hash = "#/";
    draw();
  }
});

openRoute(true);

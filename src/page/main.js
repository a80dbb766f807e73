// Puts the page together, and draws what is outside the transcript. Holds no state: each part keeps its own.
import { createApi } from "./api.js";
import { clock } from "./clock.js";
import { createComposerView } from "./composer-view.js";
import { createConnectionView } from "./connection-view.js";
import { createConversationList } from "./conversation-list.js";
import { createDispatch } from "./dispatch.js";
import { createDrawer } from "./drawer.js";
import { byId, setText } from "./element.js";
import { titleText } from "./format.js";
import { createListView } from "./list-view.js";
import { createMenu } from "./menu.js";
import { createOpenConversation } from "./open-conversation.js";
import { createPanel } from "./panel.js";
import { createQueueView } from "./queue-view.js";
import { createSettings } from "./settings.js";
import { createSuggestions } from "./suggestions.js";
import { createSurfaces } from "./surfaces.js";
import { createThrottle } from "./throttle.js";
import { createToasts } from "./toasts.js";
import { createTokenDialog } from "./token-dialog.js";
import { takeToken } from "./token-link.js";
import { createTranscriptView } from "./transcript-view.js";
import { createWire, socketTo } from "./wire.js";

/** @import { Surface } from "./surfaces.js" */

const drawEveryMs = 20;
/** How often the relative times are brought up to date. */
const timesEveryMs = 30_000;

const linked = takeToken(location, history);
const api = createApi({
  base: new URL("/", location.href),
  fetch: (url, init) => fetch(url, init),
  stores: [sessionStorage, localStorage],
  onUnauthorised: (wasRefused) => tokenDialog.ask(wasRefused),
});
if (linked !== undefined) api.useToken(linked, true);
const wire = createWire({
  clock,
  open: socketTo(new URL("/", location.href.replace(/^http/, "ws"))),
  protocols: api.subprotocols,
  onState(state) {
    connectionView.show(state);
    drawing.soon();
  },
  onOpen() {
    surfaces.rejoin();
    conversation.chat.rejoin();
    readModels();
    conversations.read();
  },
  onLost: () => conversation.chat.lost(),
  onMessage: (message) => dispatch(message),
});
const surfaces = createSurfaces({ wire, onChange: surfaceChanged });
const drawing = createThrottle(clock, drawEveryMs, draw);

// ── views ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const toasts = createToasts({
  root: byId("toasts"),
  dismissal: byId("toast-dismissal", HTMLTemplateElement),
  clock,
});
const connectionView = createConnectionView({
  dot: byId("connection-dot"),
  text: byId("connection-text"),
  now: byId("connection-now"),
  banner: byId("banner"),
  clock,
});
const transcriptView = createTranscriptView({
  scroller: byId("scroller"),
  turns: byId("turns"),
  unsent: byId("unsent"),
  newest: byId("newest"),
  clock,
});
const queueView = createQueueView({
  root: byId("queue"),
  onCancel: (messageId) => conversation.chat.withdraw(messageId),
});
const panel = createPanel({ surfaces, storage: localStorage, onToggle: watchSurfaces });
const drawer = createDrawer({
  drawer: byId("sidebar"),
  scrim: byId("scrim"),
  opener: byId("sidebar-open"),
  closer: byId("sidebar-close"),
  main: byId("main"),
});
const composer = createComposerView({
  storage: sessionStorage,
  onSend: (text) => conversation.send(text),
  onStop: () => conversation.chat.stop(),
  onModel: (model) => settings.chooseModel(model),
  onEffort: (effort) => settings.chooseEffort(effort),
});
const suggestions = createSuggestions({
  root: byId("suggestions"),
  onPick(model, text) {
    settings.chooseModel(model);
    composer.showModel(model);
    composer.fill(text);
  },
});

// ── what they show ─────────────────────────────────────────────────────────────────────────────────────────────────

const conversations = createConversationList({
  api,
  clock,
  view: createListView({ list: byId("conversations"), clock, onPick: drawer.close }),
  trouble: byId("list-trouble"),
  onChange: drawing.soon,
});
const settings = createSettings({
  api,
  onChange({ model, reasoningEffort }) {
    composer.showModel(model);
    composer.showEffort(reasoningEffort);
  },
  onTrouble: composer.notice,
});
const conversation = createOpenConversation({
  api,
  wire,
  clock,
  settings,
  conversations,
  surfaces,
  composer,
  transcriptView,
  onChange: drawing.soon,
  onSwitch() {
    watchSurfaces();
    drawing.now();
  },
});
const dispatch = createDispatch({
  conversation,
  conversations,
  surfaces,
  composer,
  toasts,
  onCatalog: watchSurfaces,
});
const tokenDialog = createTokenDialog(useToken);

/** @param {string} token @param {boolean} remember */
function useToken(token, remember) {
  api.useToken(token, remember);
  conversation.open();
  wire.connectNow();
}
const menu = createMenu({
  api,
  toasts,
  idOf: () => conversation.chat.conversationId,
  titleOf: () => conversations.find(conversation.chat.conversationId)?.title,
  onChange: conversations.readSoon,
});

async function readModels() {
  try {
    const { models } = await api.models();
    composer.offerModels(models);
    suggestions.show(models);
  } catch {
    // Without a list the conversation's own model is used; the choice is not shown.
  }
  composer.showModel(settings.shown().model);
}

function watchSurfaces() {
  const ids = panel.isOpen() ? surfaces.catalog().map((entry) => entry.id) : ["conversation", "message-queue"];
  surfaces.want(surfaces.keysFor(ids, conversation.id()));
  panel.update();
}

/** @param {Surface} surface */
function surfaceChanged({ surfaceId, conversationId, spec }) {
  panel.update();
  if (conversationId !== conversation.chat.conversationId || !spec) return;
  if (surfaceId === "message-queue") conversation.chat.receiveQueue(spec);
  else if (surfaceId === "conversation") settings.readIfChanged(spec);
}

/** Everything outside the transcript; the views touch only what has changed. */
function draw() {
  const { chat } = conversation;
  const id = conversation.id();
  const title = id === undefined ? "New conversation" : titleText(conversations.find(id)?.title);
  setText(byId("title"), title);
  document.title = `${chat.isRunning() ? "● " : ""}${title} · turnwire`;
  byId("menu").hidden = id === undefined;
  byId("welcome").hidden = id !== undefined || chat.transcript.turns.length > 0 || chat.waiting("send").length > 0;
  byId("earlier").hidden = chat.transcript.firstSeq <= 1;
  conversations.draw(id);
  composer.update({ isUp: wire.isUp(), isRunning: chat.isRunning(), isStoppable: chat.isStoppable() });
  queueView.update(chat.queue(), chat.waiting("queue"), chat.isQueueHeld());
  transcriptView.showWaiting(chat.waiting("send"));
}

// ── the window ─────────────────────────────────────────────────────────────────────────────────────────────────────

const hasTouch = matchMedia("(pointer: coarse)").matches;

byId("earlier").onclick = () => conversation.chat.follower.readEarlier();
byId("connection-now").onclick = () => wire.connectNow();
byId("skip").onclick = (event) => {
  event.preventDefault();
  composer.focus();
};
byId("new").onclick = () => {
  drawer.close();
  composer.focus();
};
addEventListener("hashchange", () => {
  const token = takeToken(location, history);
  if (token !== undefined) {
    tokenDialog.close();
    useToken(token, true);
  }
  conversation.follow();
  menu.close();
  panel.closeDrawer();
  if (!hasTouch) composer.focus();
});
addEventListener("online", () => wire.nudge());
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wire.nudge());
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
  if (document.querySelector("dialog[open], .sidebar.is-open") || menu.close() || panel.closeDrawer()) return;
  if (conversation.chat.isStoppable()) conversation.chat.stop();
});

function keepTimes() {
  conversations.tick();
  clock.setTimeout(keepTimes, timesEveryMs);
}

conversation.open();
keepTimes();
wire.start();
if (!hasTouch) composer.focus();

// Puts the page together: what is heard from the socket goes to those it concerns, what they have to show goes to the
// views. Holds no state of its own but which conversation is open.
import { createApi } from "./api.js";
import { createChat } from "./chat.js";
import { clock } from "./clock.js";
import { createComposerView } from "./composer-view.js";
import { createConnectionView } from "./connection-view.js";
import { createConversationList } from "./conversation-list.js";
import { createDrawer } from "./drawer.js";
import { byId, element, setText } from "./element.js";
import { compactionText, newConversationId, titleText } from "./format.js";
import { createListView } from "./list-view.js";
import { createMenu } from "./menu.js";
import { createPanel } from "./panel.js";
import { createQueueView } from "./queue-view.js";
import { hashOf, idOf } from "./route.js";
import { createSettings } from "./settings.js";
import { suggestionsFor } from "./suggestions.js";
import { createSurfaces } from "./surfaces.js";
import { createToasts } from "./toasts.js";
import { createTokenDialog } from "./token-dialog.js";
import { createTranscriptView } from "./transcript-view.js";
import { createWire } from "./wire.js";

const updateEveryMs = 20;
/** How often the relative times are brought up to date. */
const timesEveryMs = 30_000;

let models = [];
let chat;
let updateTimer;

const api = createApi({
  base: new URL("/", location.href),
  fetch: (...call) => fetch(...call),
  stores: [sessionStorage, localStorage],
  onUnauthorised: (wasRefused) => tokenDialog.ask(wasRefused),
});

const wire = createWire({
  clock,
  open: (protocols) => new WebSocket(new URL("/", location.href.replace(/^http/, "ws")), protocols),
  protocols: api.subprotocols,
  onState: (state) => {
    connectionView.show(state);
    update();
  },
  onOpen() {
    surfaces.rejoin();
    chat.rejoin();
    readModels();
    conversations.read();
  },
  onLost: () => chat.lost(),
  onMessage: hear,
});

const surfaces = createSurfaces({ wire, onChange: surfaceChanged });

// ── views ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const toasts = createToasts({ root: byId("toasts"), dismissal: byId("toast-dismissal"), clock });
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
const queueView = createQueueView({ root: byId("queue"), onCancel: (messageId) => chat.withdraw(messageId) });
const panel = createPanel({ surfaces, storage: localStorage, onToggle: watchSurfaces });
const drawer = createDrawer({
  drawer: byId("sidebar"),
  scrim: byId("scrim"),
  opener: byId("sidebar-open"),
  closer: byId("sidebar-close"),
  main: document.querySelector("main"),
});
const conversations = createConversationList({
  api,
  clock,
  view: createListView({ list: byId("conversations"), clock, onPick: drawer.close }),
  trouble: byId("list-trouble"),
  onChange: update,
});
const settings = createSettings({
  api,
  onChange({ model, effort }) {
    composer.showModels(models, model);
    composer.showEffort(effort);
  },
  onTrouble: (sentence) => composer.notice(sentence),
});
const composer = createComposerView({
  form: byId("composer"),
  text: byId("text"),
  model: byId("model"),
  effort: byId("effort"),
  send: byId("send"),
  stop: byId("stop"),
  hint: byId("hint"),
  notice: byId("notice"),
  storage: sessionStorage,
  onSend: send,
  onStop: () => chat.stop(),
  onModel: settings.chooseModel,
  onEffort: settings.chooseEffort,
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
    wire.connectNow();
  },
});
const menu = createMenu({
  api,
  toasts,
  idOf: () => chat.conversationId,
  titleOf: () => conversations.find(chat.conversationId)?.title,
  onChange: conversations.readSoon,
});

// ── what the server says ───────────────────────────────────────────────────────────────────────────────────────────

function hear(message) {
  if (surfaces.hear(message)) {
    if (message.type === "catalog") watchSurfaces();
    return;
  }
  const isOpen = message.conversationId === chat.conversationId;
  switch (message.type) {
    case "chat.delta":
      if (message.event.conversationId === chat.conversationId) chat.hearDelta(message);
      break;
    case "chat.subscribed":
      if (isOpen) chat.hearVerdict(message);
      break;
    case "chat.error":
      if (isOpen || message.conversationId === undefined) chat.hearRefusal(message.message);
      else toasts.show(message.message);
      break;
    case "error":
      composer.notice(message.message);
      break;
    case "conversation.statusChanged":
      conversations.hear(message);
      break;
    case "conversation.open":
      if (!isOpen) toasts.show("A conversation was opened elsewhere.", goTo(message.conversationId, "Show it"));
      conversations.readSoon();
      break;
    case "conversation.compacted":
      compacted(message, isOpen);
      break;
  }
}

const goTo = (conversationId, label) => ({
  label,
  run: () => {
    location.hash = hashOf(conversationId);
  },
});

function compacted(message, isOpen) {
  conversations.readSoon();
  if (!isOpen) return;
  chat.follower.readAnew();
  toasts.show(compactionText(message), goTo(message.newConversationId, "Show the archive"));
}

function surfaceChanged(surface) {
  panel.update();
  if (surface.conversationId !== chat.conversationId || !surface.spec) return;
  if (surface.surfaceId === "message-queue") chat.hearQueue(surface.spec);
  else if (surface.surfaceId === "conversation") settings.readIfChanged(surface.spec);
}

// ── reading over HTTP ──────────────────────────────────────────────────────────────────────────────────────────────

async function readModels() {
  try {
    ({ models } = await api.models());
  } catch {
    // Without a list the conversation's own model is used; the choice is not shown.
  }
  composer.showModels(models, settings.shown().model);
  const make = ({ label, model, text }) =>
    element("button", { type: "button", class: "suggestion", onclick: () => suggest(model, text) }, label);
  byId("suggestions").replaceChildren(...suggestionsFor(models).map(make));
}

function suggest(model, text) {
  settings.chooseModel(model);
  composer.showModels(models, model);
  composer.fill(text);
}

// ── the open conversation ──────────────────────────────────────────────────────────────────────────────────────────

const routeId = () => idOf(location.hash);

/** isAnew: also when it is open already. */
function openRoute(isAnew = false) {
  const id = routeId();
  if (chat && !isAnew && (id === chat.conversationId || (id === undefined && chat.isNew()))) return;
  chat?.close();
  const isNew = id === undefined;
  const current = createChat({
    api,
    wire,
    clock,
    settings,
    conversationId: id ?? newConversationId(crypto),
    isNew,
    statusOf: (conversationId) => conversations.find(conversationId)?.status,
    on: {
      changed() {
        if (chat !== current) return;
        transcriptView.changed();
        update();
      },
      trouble: (sentence) => chat === current && showTrouble(sentence),
      returned: (text, why) => chat === current && composer.restore(text, why),
      created: conversations.readSoon,
      showsQueue: () => surfaces.catalog().some((entry) => entry.id === "message-queue"),
    },
  });
  chat = current;
  settings.open(chat.conversationId, isNew);
  transcriptView.show(chat.transcript);
  composer.open(id);
  showTrouble(undefined);
  watchSurfaces();
  if (!isNew) chat.open();
  updateNow();
}

function send(text) {
  if (chat.isNew() && routeId() === undefined) {
    history.replaceState(null, "", hashOf(chat.conversationId));
    composer.adopt(chat.conversationId);
    chat.open();
    watchSurfaces();
  }
  chat.send(text);
  transcriptView.toEnd();
}

function showTrouble(sentence) {
  const trouble = byId("history-trouble");
  setText(trouble, sentence ?? "");
  trouble.hidden = sentence === undefined;
}

function watchSurfaces() {
  const conversationId = routeId() === undefined ? undefined : chat?.conversationId;
  const ids = panel.isOpen() ? surfaces.catalog().map((entry) => entry.id) : ["conversation", "message-queue"];
  surfaces.want(surfaces.keysFor(ids, conversationId));
  panel.update();
}

/** Asked for by everything that happens; done a few dozen times a second at most, however many words come in. */
function update() {
  updateTimer ??= clock.setTimeout(updateNow, updateEveryMs);
}

/** Everything outside the transcript; the views touch only what has changed. */
function updateNow() {
  clock.clearTimeout(updateTimer);
  updateTimer = undefined;
  const row = conversations.find(chat.conversationId);
  const isNew = routeId() === undefined;
  const title = isNew ? "New conversation" : titleText(row?.title);
  setText(byId("title"), title);
  document.title = `${chat.isRunning() ? "● " : ""}${title} · turnwire`;
  byId("menu").hidden = isNew;
  byId("welcome").hidden = !(isNew && chat.transcript.turns.length === 0 && chat.waiting("send").length === 0);
  byId("earlier").hidden = !(chat.transcript.firstSeq > 1);
  conversations.draw(isNew ? undefined : chat.conversationId);
  composer.update({ isUp: wire.isUp(), isRunning: chat.isRunning(), isStoppable: chat.isStoppable() });
  queueView.update(chat.queue(), chat.waiting("queue"), chat.isQueueHeld());
  transcriptView.showWaiting(chat.waiting("send"));
}

// ── the window ─────────────────────────────────────────────────────────────────────────────────────────────────────

byId("earlier").onclick = () => chat.follower.readEarlier();
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
  openRoute();
  menu.close();
  panel.closeDrawer();
  if (!matchMedia("(pointer: coarse)").matches) composer.focus();
});
addEventListener("online", () => wire.nudge());
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wire.nudge());
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
  if (document.querySelector("dialog[open], .sidebar.is-open") || menu.close() || panel.closeDrawer()) return;
  if (chat.isStoppable()) chat.stop();
});
const keepTimes = () => {
  conversations.tick();
  clock.setTimeout(keepTimes, timesEveryMs);
};

openRoute();
keepTimes();
wire.start();
if (!matchMedia("(pointer: coarse)").matches) composer.focus();

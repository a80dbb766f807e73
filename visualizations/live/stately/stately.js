// Passes on to the Stately inspector, in its frame, what the server tells of the actors. The page's address chooses
// them: ?connection=ID, ?conversation=ID, ?surface=ID, ?chart=NAME. It only reads from the server.
import { clock } from "/clock.js";
import { byId, setText } from "/element.js";
import { createHttp } from "/http.js";
import { followLines } from "../stream.js";

/** @import { StatelyMessage } from "../../../src/diagnostics/inspection/answers.ts" */

const http = createHttp({
  base: new URL("/inspect/stately/", location.href),
  fetch: (url, init) => fetch(url, init),
  stores: [sessionStorage, localStorage],
  onUnauthorised() {},
});
const frame = byId("stately", HTMLIFrameElement);
/** @type {{ stop(): void } | undefined} */
let lines;

/** @param {string | undefined} trouble */
const showStatus = (trouble) => setText(byId("status"), trouble ?? "Live");

// It says so when it has loaded, and again when somebody reloads it: then it is told everything anew.
addEventListener("message", ({ source, origin, data }) => {
  const inspector = frame.contentWindow;
  if (!inspector || source !== inspector || data?.type !== "@statelyai.connected") return;
  lines?.stop();
  lines = followLines({
    clock,
    open: (signal) => http.ask(`stream${location.search}`, { signal }),
    /** @param {StatelyMessage} message */
    onLine: (message) => inspector.postMessage(message, origin),
    onLost() {},
    onGone: () => showStatus("This server does not show its actors any more."),
    onTrouble: (sentence) =>
      showStatus(sentence && `${sentence} If a token is needed, give it at /inspect in this tab, then come back.`),
  });
});
// Only now, so that its first word is heard.
frame.src = "https://stately.ai/inspect";

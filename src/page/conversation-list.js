// Keeps the list of conversations read and shown: over HTTP when needed, between that by broadcasts from the socket.
import { createList } from "./conversations.js";
import { setText } from "./element.js";
import { messageOf } from "./http.js";

/**
 * @import { Api } from "./api.js"
 * @import { Clock } from "./clock.js"
 * @import { StatusChanged } from "./conversations.js"
 * @import { ListView } from "./list-view.js"
 *
 * @typedef {ReturnType<typeof createConversationList>} ConversationList
 */

/** Broadcasts that come together cause one reading. */
const readDelayMs = 150;

/**
 * @param {object} options
 * @param {Pick<Api, "conversations">} options.api
 * @param {Clock} options.clock
 * @param {ListView} options.view
 * @param {HTMLElement} options.trouble
 * @param {() => void} options.onChange after every change
 */
export function createConversationList({ api, clock, view, trouble, onChange }) {
  const list = createList();
  /** @type {unknown} */
  let timer;
  let readings = 0;
  let isStale = true;
  /** @type {string | undefined} */
  let drawnFor;

  function changed() {
    isStale = true;
    onChange();
  }

  async function read() {
    const mine = ++readings;
    list.beginReading();
    try {
      const { conversations } = await api.conversations();
      // A later reading is under way, and the changes since its beginning are for it.
      if (mine !== readings) return;
      list.finishReading(conversations, clock.wall());
      trouble.hidden = true;
    } catch (error) {
      setText(trouble, `The list could not be read: ${messageOf(error)}`);
      trouble.hidden = false;
    }
    changed();
  }

  function readSoon() {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(read, readDelayMs);
  }

  return {
    read,
    readSoon,
    /** @param {StatusChanged} change */
    receive(change) {
      if (list.addChange(change, clock.wall())) readSoon();
      changed();
    },
    /** Time has passed: "now" may be "1 min. ago". */
    tick: changed,
    find: list.find,
    /**
     * Called far more often than there is anything to draw.
     * @param {string | undefined} openId
     */
    draw(openId) {
      if (!isStale && openId === drawnFor) return;
      isStale = false;
      drawnFor = openId;
      view.update(list.rows(), openId);
    },
  };
}

// Keeps the list of conversations read and shown: over HTTP when needed, between that by the news from the socket.
import { addNews, beginReading, createList, findRow, finishReading } from "./conversations.js";
import { setText } from "./element.js";

/** News that come together cause one reading. */
const readDelayMs = 150;

/** @param options.onChange () after every change */
export function createConversationList({ api, clock, view, trouble, onChange }) {
  const list = createList();
  let timer;
  let readings = 0;
  let isStale = true;
  let drawnFor;

  function changed() {
    isStale = true;
    onChange();
  }

  async function read() {
    const mine = ++readings;
    beginReading(list);
    try {
      const { conversations } = await api.conversations();
      // A later reading is under way, and news since its beginning are for it.
      if (mine !== readings) return;
      finishReading(list, conversations, clock.wall());
      trouble.hidden = true;
    } catch (error) {
      setText(trouble, `The list could not be read: ${error.message}`);
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
    /** A conversation.statusChanged. */
    hear(message) {
      if (addNews(list, message, clock.wall())) readSoon();
      changed();
    },
    /** Time has passed: "now" may be "1 min. ago". */
    tick: changed,
    find: (conversationId) => findRow(list, conversationId),
    /** Called far more often than there is anything new to show. */
    draw(openId) {
      if (!isStale && openId === drawnFor) return;
      isStale = false;
      drawnFor = openId;
      view.update(list.rows, openId);
    },
  };
}

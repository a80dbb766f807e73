// The one WebSocket of the page: opens it, keeps it alive, and comes back when it is lost. Knows nothing of
// conversations; what is needed again after a reconnect is asked for in onOpen.
import { comesBack, reconnectDelayMs } from "./backoff.js";
import { ApiError, messageOf, statusOf } from "./http.js";

/**
 * @import { ClientMessage } from "../protocol/client-message.ts"
 * @import { ServerMessage } from "../protocol/server-message.ts"
 * @import { Clock } from "./clock.js"
 * @import { Delta } from "./transcript.js"
 *
 * @typedef {ServerMessage | ({ type: "chat.delta" } & Delta)} Received
 *
 * @typedef {{ name: "connecting" | "live" | "draining" | "stopped" }
 *   | { name: "locked" }
 *   | { name: "waiting", untilMs: number, why: string }
 *   | { name: "ended", code: number, why: string }} WireState "locked": no token yet. untilMs: since the epoch.
 *
 * @typedef {object} SocketListener
 * @property {() => void} opened
 * @property {(text: string) => void} message
 * @property {(code: number, reason: string) => void} closed
 *
 * @typedef {{ send: (text: string) => void, close: () => void }} Socket
 *
 * @typedef {object} WireOptions
 * @property {Clock} clock
 * @property {(protocols: string[], listener: SocketListener) => Socket} open
 * @property {(lastFailed: boolean) => Promise<string[]>} protocols What to offer; status 401 locks the wire.
 * @property {(state: WireState) => void} onState
 * @property {() => void} onOpen
 * @property {(message: Received) => void} onMessage
 * @property {() => void} onLost
 *
 * @typedef {ReturnType<typeof createWire>} Wire
 */

const connectTimeoutMs = 10_000;
/** Nothing received for so long: ask with a ping (a browser cannot see the server's own pings) … */
const quietMs = 25_000;
/** … and without any answer for so long, the socket is taken for dead. */
const answerTimeoutMs = 8_000;
/** A socket that lived so long was a success: the next loss starts with a short delay again. */
const provenMs = 5_000;

/**
 * @param {URL} url
 * @returns {WireOptions["open"]}
 */
export const socketTo = (url) => (protocols, listener) => {
  const socket = new WebSocket(url, protocols);
  socket.onopen = listener.opened;
  socket.onmessage = ({ data }) => listener.message(data);
  socket.onclose = ({ code, reason }) => listener.closed(code, reason);
  return socket;
};

/** @param {WireOptions} options */
export function createWire({ clock, open, protocols, onState, onOpen, onMessage, onLost }) {
  /** @type {WireState} */
  let state = { name: "stopped" };
  /** @type {Socket | undefined} */
  let socket;
  let generation = 0;
  let attempt = 0;
  let lastFailed = false;
  let lastReceivedMs = 0;
  let messagesReceived = 0;
  /** @type {number | undefined} */
  let openedMs;
  /** @type {number | undefined} */
  let reconnectAfterMs;
  /** @type {unknown} */
  let timer;
  /** @type {((isAnswered: boolean) => void)[]} */
  let pings = [];

  /** @param {WireState} next */
  const become = (next) => {
    state = next;
    onState(next);
  };

  /**
   * @param {() => void} run
   * @param {number} delayMs
   */
  const later = (run, delayMs) => {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(run, delayMs);
  };

  /**
   * @param {number} delayMs
   * @param {string} why
   */
  function wait(delayMs, why) {
    become({ name: "waiting", untilMs: clock.wall() + delayMs, why });
    later(connect, delayMs);
  }

  async function connect() {
    const mine = ++generation;
    clock.clearTimeout(timer);
    become({ name: "connecting" });
    let offered;
    try {
      offered = await protocols(lastFailed);
    } catch (error) {
      if (mine !== generation) return;
      if (statusOf(error) === 401) return become({ name: "locked" });
      const retryAfterMs = error instanceof ApiError ? error.retryAfterMs : undefined;
      return wait(retryAfterMs ?? reconnectDelayMs(attempt++, clock.random()), messageOf(error));
    }
    if (mine !== generation) return;
    socket = open(offered, {
      opened: () => mine === generation && opened(),
      message: (text) => mine === generation && receive(text),
      closed: (code, reason) => mine === generation && lose(code, reason),
    });
    lastFailed = true;
    later(() => mine === generation && lose(1006, "the server did not answer"), connectTimeoutMs);
  }

  function opened() {
    lastFailed = false;
    openedMs = lastReceivedMs = clock.now();
    become({ name: "live" });
    later(listen, quietMs);
    onOpen();
  }

  /** @param {string} text */
  function receive(text) {
    lastReceivedMs = clock.now();
    messagesReceived++;
    /** @type {Received} */
    const message = JSON.parse(text);
    if (message.type === "pong") pings.shift()?.(true);
    else if (message.type === "server.draining") {
      reconnectAfterMs = message.reconnectAfterMs;
      become({ name: "draining" });
    }
    onMessage(message);
  }

  /** Fine if something was received lately, else a ping that must be answered. */
  function listen() {
    const quietForMs = clock.now() - lastReceivedMs;
    if (quietForMs < quietMs) later(listen, quietMs - quietForMs);
    else probe();
  }

  function probe() {
    const before = messagesReceived;
    ping(() => {});
    later(() => (messagesReceived === before ? lose(1006, "the connection went silent") : listen()), answerTimeoutMs);
  }

  /** @param {(isAnswered: boolean) => void} answered */
  function ping(answered) {
    if (!send({ type: "ping" })) return answered(false);
    pings.push(answered);
  }

  /**
   * False when there is no socket to send on; nothing is kept for later.
   * @param {ClientMessage} message
   */
  function send(message) {
    if (!isUp() || !socket) return false;
    socket.send(JSON.stringify(message));
    return true;
  }

  /**
   * @param {number} code
   * @param {string} why
   */
  function lose(code, why) {
    generation++;
    clock.clearTimeout(timer);
    const lost = socket;
    socket = undefined;
    lost?.close();
    const unanswered = pings;
    pings = [];
    for (const answered of unanswered) answered(false);
    onLost();
    if (openedMs !== undefined && clock.now() - openedMs > provenMs) attempt = 0;
    openedMs = undefined;
    if (!comesBack(code)) return become({ name: "ended", code, why });
    const jitter = 1 + clock.random() / 4;
    const delayMs = reconnectAfterMs === undefined ? undefined : Math.round(reconnectAfterMs * jitter);
    reconnectAfterMs = undefined;
    wait(delayMs ?? reconnectDelayMs(attempt++, clock.random()), why);
  }

  const isUp = () => state.name === "live" || state.name === "draining";

  return {
    isUp,
    start: connect,
    /** A new token, or the reader's own wish: connect now, whatever the state was. */
    connectNow() {
      if (isUp()) return;
      attempt = 0;
      socket?.close();
      connect();
    },
    /** The tab is visible again, or the network is back: waiting ends, and a socket that looks alive must prove it. */
    nudge() {
      if (state.name === "waiting") connect();
      else if (isUp()) probe();
    },
    send,
    /**
     * True once the server has handled all that was sent before (it works in order); false if the socket is lost.
     * @returns {Promise<boolean>}
     */
    barrier: () => new Promise(ping),
  };
}

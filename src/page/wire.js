// The one WebSocket of the page: opens it, keeps it alive, and comes back when it is lost. Knows nothing of
// conversations; whoever needs something again after a reconnect asks for it in onOpen.
import { closeMeaning, comesBack, reconnectDelayMs } from "./backoff.js";

const connectTimeoutMs = 10_000;
/** Nothing heard for so long: ask with a ping (a browser cannot see the server's own pings) … */
const quietMs = 25_000;
/** … and without any answer for so long, the socket is taken for dead. */
const answerTimeoutMs = 8_000;
/** A socket that lived so long was a success: the next loss starts with a short delay again. */
const provenMs = 5_000;

/**
 * States, told to onState: {name: "connecting"}, "live", "draining", "waiting" {untilMs, why}, "ended" {code, why},
 * "locked" (no token yet), "stopped".
 *
 * @param options.open (protocols) => WebSocket
 * @param options.protocols (lastFailed) => Promise of what to offer; an error with status 401 locks the wire
 */
export function createWire({ clock, open, protocols, onState, onOpen, onMessage, onLost }) {
  let state = { name: "stopped" };
  let socket;
  let generation = 0;
  let attempt = 0;
  let lastFailed = false;
  let lastHeardMs = 0;
  let messagesHeard = 0;
  let openedMs = 0;
  let reconnectAfterMs;
  let timer;
  let pings = [];

  const become = (next) => {
    state = next;
    onState(next);
  };

  const later = (run, delayMs) => {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(run, delayMs);
  };

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
      if (error.status === 401) become({ name: "locked" });
      else wait(error.retryAfterMs ?? reconnectDelayMs(attempt++, clock.random()), error.message);
      return;
    }
    if (mine !== generation) return;
    const current = open(offered);
    socket = current;
    lastFailed = true;
    later(() => mine === generation && lose(1006, "the server did not answer"), connectTimeoutMs);
    current.onopen = () => mine === generation && opened();
    current.onmessage = ({ data }) => mine === generation && heard(data);
    current.onclose = ({ code, reason }) => mine === generation && lose(code, reason);
  }

  function opened() {
    lastFailed = false;
    openedMs = lastHeardMs = clock.wall();
    become({ name: "live" });
    later(listen, quietMs);
    onOpen();
  }

  function heard(data) {
    lastHeardMs = clock.wall();
    messagesHeard++;
    const message = JSON.parse(data);
    if (message.type === "pong") pings.shift()?.(true);
    else if (message.type === "server.draining") {
      reconnectAfterMs = message.reconnectAfterMs;
      become({ name: "draining" });
    }
    onMessage(message);
  }

  /** Between two looks at the socket: fine if something was heard, else a ping that must be answered. */
  function listen() {
    const quietForMs = clock.wall() - lastHeardMs;
    if (quietForMs < quietMs) later(listen, quietMs - quietForMs);
    else probe();
  }

  function probe() {
    const before = messagesHeard;
    socket.send(JSON.stringify({ type: "ping" }));
    pings.push(() => {});
    later(() => (messagesHeard === before ? lose(1006, "the connection went silent") : listen()), answerTimeoutMs);
  }

  function lose(code, reason) {
    generation++;
    clock.clearTimeout(timer);
    const lost = socket;
    socket = undefined;
    lost?.close();
    const answers = pings;
    pings = [];
    for (const answer of answers) answer(false);
    onLost();
    if (openedMs > 0 && clock.wall() - openedMs > provenMs) attempt = 0;
    openedMs = 0;
    const why = closeMeaning(code, reason);
    if (!comesBack(code)) return become({ name: "ended", code, why });
    const jitter = 1 + clock.random() / 4;
    const delayMs = reconnectAfterMs === undefined ? undefined : Math.round(reconnectAfterMs * jitter);
    reconnectAfterMs = undefined;
    wait(delayMs ?? reconnectDelayMs(attempt++, clock.random()), why);
  }

  const isUp = () => state.name === "live" || state.name === "draining";

  return {
    get state() {
      return state;
    },
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
    /** False when there is no socket to send on; nothing is kept for later. */
    send(message) {
      if (!isUp()) return false;
      socket.send(JSON.stringify(message));
      return true;
    },
    /** True once the server has handled all that was sent before (it works in order); false if the socket is lost. */
    barrier() {
      if (!isUp()) return Promise.resolve(false);
      socket.send(JSON.stringify({ type: "ping" }));
      return new Promise((resolve) => pings.push(resolve));
    },
    stop() {
      generation++;
      clock.clearTimeout(timer);
      socket?.close();
      socket = undefined;
      become({ name: "stopped" });
    },
  };
}

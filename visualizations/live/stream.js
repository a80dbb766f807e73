// Follows the news of one actor: lines of JSON that the server pushes. Comes back by itself when the connection is
// lost, and says that something may be missing; ends when the actor has ended.

const retryMs = 1_000;
/** The server says that it is still there every 10 s; a line that is dead without a word is given up after this. */
const silenceMs = 25_000;

/**
 * @param options.open (id, signal) => a response
 * @param options.onLine (line) for every line but the heartbeats
 * @param options.onLost () the connection broke: news may be missing until the next "actor.shown"
 * @param options.onGone () there is no such actor (any more)
 * @param options.onTrouble (sentence or undefined)
 */
export function followActor(id, { open, clock, onLine, onLost, onGone, onTrouble }) {
  let controller = new AbortController();
  let isOver = false;
  let timer;

  const watchdog = () => {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(() => controller.abort(), silenceMs);
  };

  function hear(text) {
    if (isOver || text === "") return;
    const line = JSON.parse(text);
    if (line.type === "still.here") return;
    if (line.type === "actor.ended") isOver = true;
    onLine(line);
  }

  async function readAll(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      watchdog();
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) hear(line);
    }
  }

  async function follow() {
    let wasHeard = false;
    controller = new AbortController();
    watchdog();
    try {
      const response = await open(id, controller.signal);
      wasHeard = true;
      onTrouble(undefined);
      await readAll(response);
    } catch (error) {
      if (isOver) return;
      if (error.status === 404) {
        isOver = true;
        onGone();
      } else if (error.status > 0) onTrouble(error.message);
    } finally {
      clock.clearTimeout(timer);
    }
    if (isOver) return;
    if (wasHeard) onLost();
    timer = clock.setTimeout(follow, retryMs);
  }

  follow();
  return {
    stop() {
      isOver = true;
      clock.clearTimeout(timer);
      controller.abort();
    },
  };
}

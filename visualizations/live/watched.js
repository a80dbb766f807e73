// The actor that is being watched: its log, what the server says of it, and how it ended. One that has ended stays as
// it was last, for as long as somebody looks at it. It is recorded while the page is hidden as well: who looks for a
// fault often makes it happen in another tab.
import { createLog } from "./log.js";
import { followActor } from "./stream.js";

/**
 * @param options.onChange () something is to be shown anew
 * @param options.onTaken (keys) transitions that have just been taken
 */
export function watchActor(id, { api, clock, onChange, onTaken }) {
  const log = createLog();
  let wasShown = false;
  let startedAt;
  const watched = {
    id,
    log,
    /** As GET /inspect/actors/:id gave it last, or as the stream showed it. */
    detail: undefined,
    /** The states of now. */
    states: [],
    /** {how, at}; undefined while it lives. how: done, stopped, error, or gone when its end was not seen. */
    ending: undefined,
    trouble: undefined,
    refresh,
    stop: () => stream.stop(),
  };

  function hear({ type, at, actor, ...rest }) {
    if (watched.ending) return;
    const kind = type.replace("actor.", "");
    if (kind === "shown" && wasShown && rest.startedAt !== startedAt) {
      // The server was started anew in between, and has given the same id to another actor.
      watched.ending = { how: "gone", at };
      stream.stop();
    } else if (kind === "shown") {
      startedAt = rest.startedAt;
      watched.detail = { ...watched.detail, ...actor };
      watched.states = actor.states;
      log.add({ type: wasShown ? "again" : "shown", at, states: actor.states });
      wasShown = true;
    } else {
      watched.states = rest.states ?? watched.states;
      log.add({ type: kind, at, ...rest });
      if (kind === "ended") watched.ending = { how: rest.how, at, event: rest.event };
      if (kind === "moved") onTaken(rest.transitions);
    }
    onChange();
  }

  const stream = followActor(id, {
    open: api.stream,
    clock,
    onLine: hear,
    onLost() {
      log.add({ type: "gap", at: clock.wall() });
      onChange();
    },
    onGone() {
      watched.ending = { how: "gone", at: clock.wall() };
      onChange();
    },
    onTrouble(sentence) {
      watched.trouble = sentence;
      onChange();
    },
  });

  /** Asks for what no news brings: bytes, cursor, deadlines, children. */
  async function refresh() {
    if (watched.ending) return;
    try {
      const detail = await api.actor(id);
      if (watched.ending) return;
      watched.detail = detail;
      onChange();
    } catch (error) {
      // The stream brings the end; what else is wrong the overview says.
      if (error.status !== 404) throw error;
    }
  }

  return watched;
}

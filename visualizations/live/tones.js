// Which states need an operator's attention: "warn", something is held up and may mend itself; "bad", it went wrong.
// A test holds the names to the charts.

/** @type {ReadonlyMap<string, "warn" | "bad">} */
const tones = new Map([
  ["gateway.up.service.listening.full", "warn"],
  ["gateway.up.service.draining.turnsEnd", "warn"],
  ["gateway.up.service.draining.goodbyes", "warn"],
  ["gateway.up.service.draining.socketsLeave", "warn"],
  ["gateway.up.service.draining.drained", "warn"],
  ["gateway.up.health.degraded", "bad"],
  ["gateway.stopping", "warn"],
  ["connection.open.flow.congested", "warn"],
  ["connection.closing.because.asked", "warn"],
  ["connection.closing.because.draining", "warn"],
  ["connection.closing.because.slow", "bad"],
  ["connection.closing.because.silent", "bad"],
  ["connection.closing.because.flooding", "bad"],
  ["connection.closing.because.revoked", "warn"],
  ["connection.closing.because.refused", "bad"],
  ["connection.closing.because.defect", "bad"],
  ["connection.closing.farewell.told", "warn"],
  ["connection.closing.farewell.cut", "bad"],
  ["watch.lagging", "warn"],
  ["watch.lost", "bad"],
  ["surface.failed", "bad"],
  ["conversation.stopping", "warn"],
  ["conversation.recovering.storing", "warn"],
  ["conversation.recovering.waitingForStore", "bad"],
  ["conversation.sealing.waitingForStore", "bad"],
  ["turn.running.working.retrying", "warn"],
  ["turn.running.stalled", "bad"],
  ["turn.failed", "bad"],
  ["turn.outgrown", "bad"],
  ["turn.overtime", "bad"],
  ["turn.lost", "bad"],
  ["turn.unwatched", "warn"],
  ["turn.interrupted", "warn"],
]);

export const tonedStates = () => [...tones.keys()];

/** @param {string} state */
export const toneOf = (state) => tones.get(state);

/**
 * The state that says most about an actor: one that went wrong, one held up, else the last not begun in.
 * @param {readonly string[]} states
 * @param {(state: string) => boolean} isInitial
 */
export function telling(states, isInitial) {
  const bad = states.find((state) => toneOf(state) === "bad");
  const warn = states.find((state) => toneOf(state) === "warn");
  return bad ?? warn ?? states.findLast((state) => !isInitial(state)) ?? states[0];
}

// What a state says of the events it has no transition for, so that silence is never an accident: a chart in which a
// state neither takes nor lists what its siblings know is refused (test/model/structure.ts). Must never hold anything
// but data.
//
// A list, and not an empty transition (`on: { event: {} }`), is how a chart lets an event pass: it costs nothing at run
// time. An empty transition is for two cases only: to swallow an event before an outer state takes it, and to hear
// `xstate.error.actor.*`, because an actor in which nobody hears its child's error ends with that error itself.

export type Meta<Event extends { type: string }> = {
  /** May come here, and there is nothing to be done. */
  ignores?: readonly Event["type"][];
  /** Cannot come here: another part makes sure of it, and the model runs, which look at every event, prove it. */
  neverGets?: readonly Event["type"][];
};

// What a state declares about events that it has no transition for. Every state must handle or list each event that its
// chart knows; test/model/structure.ts rejects a chart with a gap. Must never hold anything but data.
//
// A chart ignores an event by listing it, because a list costs nothing at run time. An empty transition
// (`on: { event: {} }`) is for two cases only: to stop an outer state from handling the event, and to handle
// `xstate.error.actor.*`, because an actor that does not handle its child's error fails with that error itself.

export type Meta<Event extends { type: string }> = {
  /** May arrive in this state; nothing is to be done. */
  ignores?: readonly Event["type"][];
  /** Cannot arrive in this state: another part prevents it, and the model tests check every event against this. */
  neverGets?: readonly Event["type"][];
};

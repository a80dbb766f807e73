// The mutants of which neither the exploration nor a path sees anything, each with the reason. `npm run model` fails
// when another one is unseen, and when one of these is seen after all.

/** Reason → the keys of the mutants. */
export const unseen: Readonly<Record<string, readonly string[]>> = {
  "The branch does nothing, and without it nothing is done.": ["connection.open xstate.done.actor.watch 1 deleted"],
  "The orchestrator answers within the request, so nothing comes while it is asked.": [
    "connection.open.chatTurn chat.send 0 to connection.open.chatTurn.running",
    "connection.open.chatTurn chat.queue 0 to connection.open.chatTurn.running",
  ],
  "Connections release a socket that has gone in any case.": ["connection.closed entry without leaveEverything"],
  "A cursor that joins the live set without being at the end writes what fits, or says that it fell behind.": [
    "watch.lagging socket.drained 0 to watch.live",
  ],
  "The same: settling leads back to the rest that nobody is at, and from there to gone.": [
    "conversation.resting.idle everyone.left 0 to conversation.settling",
    "conversation.resting.closed everyone.left 0 to conversation.settling",
  ],
};

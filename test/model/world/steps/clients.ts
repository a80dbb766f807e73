// What clients may do at any time: send requests, stop and resume reading, leave, and come back.
import { comeIn, goAway, tellConnection } from "../connection.ts";
import type { Stage } from "../stage.ts";
import { openTurnOf } from "../turn.ts";
import { readOn } from "../writer.ts";
import { nameOf, type Step } from "./step.ts";

export function clientSteps(stage: Stage, steps: Step[]): void {
  const { world, setting } = stage;
  const { bounds } = setting;
  const stalled = world.sockets.filter(({ isStalled }) => isStalled).length;
  for (const [at, socket] of world.sockets.entries()) {
    const name = nameOf(at);
    const free = (words: string, take: (stage: Stage) => void): void =>
      void steps.push({ words: `${name} ${words}`, kind: "free", take });
    const request = (type: string, words: string): void => free(words, (on) => tellConnection(on, at, type));
    if (socket.chart === 0) {
      if (bounds.mayComeAgain) free("comes in anew", (on) => comeIn(on, at));
      continue;
    }
    // The client of a closed socket leaves sooner or later. The client of an open socket may leave.
    const kind = socket.isEnded ? "owed" : "free";
    steps.push({ words: `${name} goes`, kind, take: (on) => goAway(on, at) });
    if (socket.isStalled) steps.push({ words: `${name} reads on`, kind: "owed", take: (on) => readOn(on, at) });
    if (socket.isEnded) continue;
    if (!socket.isStalled && stalled < bounds.stalledAtOnce) free("stops reading", (on) => stall(on, at));
    if (bounds.hasConversation) {
      const { conversation } = world;
      if (!socket.watch) request("chat.subscribe", "subscribes to the conversation");
      else request("chat.unsubscribe", "unsubscribes from the conversation");
      const open = openTurnOf(stage);
      const isRoomForTurn = conversation.turnsBegun < bounds.turns;
      const texts = conversation.waiting.length + conversation.handed.length;
      // A text that is refused because a turn runs needs no room for another turn.
      if (isRoomForTurn || open) request("chat.send", "sends a text");
      if (isRoomForTurn && texts < bounds.queuedTexts) request("chat.queue", "queues a text");
      if (conversation.waiting.length > 0) request("chat.queue.cancel", "withdraws the text queued last");
      if (bounds.endings.includes("cancelled") && open) request("chat.cancel", "cancels the turn");
    }
    if (bounds.hasSurface) {
      const { surfaceWatch } = socket;
      if (!surfaceWatch || surfaceWatch.awaiting < bounds.surfaceRequests)
        request("subscribe", surfaceWatch ? "asks for the surface again" : "subscribes to the surface");
      if (surfaceWatch) request("unsubscribe", "unsubscribes from the surface");
    }
  }
}

function stall(stage: Stage, at: number): void {
  stage.socket(at).isStalled = true;
}

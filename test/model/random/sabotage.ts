// Servers that break one promise each, to prove that random histories find it. Either a socket's outgoing messages are
// changed, or the orchestrator misbehaves. Must never break a frame, because every client could see that.
import type { Orchestrator } from "../../../src/ports/orchestrator.ts";
import type { Message } from "../../support/client/transcript.ts";
import { changing, every, type Sabotage, withEvent } from "./sabotage/between.ts";
import { promisesOfV1 } from "./sabotage/v1.ts";

/** Each with a pattern for the broken promise that the histories must report. */
export const sabotages: { what: string; promise: RegExp; sabotage: () => Sabotage }[] = [
  ...promisesOfV1,
  {
    what: "now and then an event comes twice",
    promise: /was due|after seq/,
    sabotage: () =>
      changing(
        /delta$/,
        every(9, (message) => [message, message]),
      ),
  },
  {
    what: "now and then an event is left out",
    promise: /was due|never came|after seq/,
    sabotage: () =>
      changing(
        /delta$/,
        every(9, () => []),
      ),
  },
  {
    what: "now and then an event comes late",
    promise: /was due|not owed|after seq/,
    sabotage: () =>
      changing(
        /delta$/,
        every(9, (message, later) => {
          later(message);
          return [];
        }),
      ),
  },
  {
    what: "an event comes with another text",
    promise: /was due/,
    sabotage: () =>
      changing(
        /^reasoning-delta$/,
        every(3, (message) => [withEvent(message, { delta: "nonsense" })]),
      ),
  },
  {
    what: "the end of a turn never comes",
    promise: /turn-sealed.*never came/,
    sabotage: () =>
      changing(
        /^turn-sealed$/,
        every(4, () => []),
      ),
  },
  {
    what: "the last update of a surface is left out",
    promise: /the newest version \d+ never came/,
    sabotage: () =>
      changing(
        /^update$/,
        every(2, () => []),
      ),
  },
  {
    what: "a surface message is left out",
    promise: /asked for|an update came before the surface|never came/,
    sabotage: () =>
      changing(
        /^surface$/,
        every(3, () => []),
      ),
  },
  {
    what: "an older version comes after a newer one",
    // While shrinking, each attempt has a new server whose versions start again: the older version may be too new
    // there.
    promise: /version \d+ (?:came|never came)|before the surface|not owed/,
    sabotage: () => {
      let older: Message | undefined;
      return changing(
        /^update$/,
        every(2, (message) => {
          const messages = older ? [message, older] : [message];
          older = message;
          return messages;
        }),
      );
    },
  },
  {
    what: "a broadcast is left out",
    promise: /a broadcast reaches/,
    sabotage: () =>
      changing(
        /^conversation\./,
        every(11, () => []),
      ),
  },
  {
    what: "a broadcast comes twice",
    promise: /a broadcast reaches/,
    sabotage: () =>
      changing(
        /^conversation\./,
        every(11, (message) => [message, message]),
      ),
  },
  {
    what: "a refusal is left out",
    promise: /a refused request/,
    sabotage: () =>
      changing(
        /^chat\.error$/,
        every(3, () => []),
      ),
  },
  {
    what: "a refusal says something else",
    promise: /a refused request/,
    sabotage: () =>
      changing(
        /^error$/,
        every(2, (message) => [message.type === "error" ? { ...message, message: "no" } : message]),
      ),
  },
  {
    what: "a turn is aborted although no client stopped it",
    promise: /aborted though nobody stopped it/,
    sabotage: () => ({
      orchestrator: (inner) => ({
        ...bound(inner),
        startTurn: (request) => {
          const answer = inner.startTurn(request);
          if (answer.started) inner.stopTurn(request.conversationId);
          return answer;
        },
      }),
    }),
  },
  {
    what: "two turns run at the same time",
    promise: /though a turn is running/,
    sabotage: () => ({
      orchestrator: (inner) => ({
        ...bound(inner),
        startTurn: (request) => {
          const answer = inner.startTurn(request);
          const isRunning = !answer.started && answer.reason === "already-active";
          return isRunning ? { started: true, turnId: "another" } : answer;
        },
      }),
    }),
  },
  {
    what: "a withdrawn text still appears in a turn",
    promise: /a text that was accepted|is withdrawn, and was/,
    sabotage: () => ({
      orchestrator: (inner) => ({ ...bound(inner), cancelQueuedMessage: () => ({ cancelled: true, queue: [] }) }),
    }),
  },
];

/** The orchestrator's methods as a plain object. */
const bound = (inner: Orchestrator): Orchestrator => ({
  startTurn: (request) => inner.startTurn(request),
  enqueue: (request) => inner.enqueue(request),
  cancelQueuedMessage: (request) => inner.cancelQueuedMessage?.(request) ?? { cancelled: false, queue: [] },
  stopTurn: (conversationId) => inner.stopTurn(conversationId),
  subscribe: (conversationId, listener) => inner.subscribe(conversationId, listener),
  isActive: (conversationId) => inner.isActive(conversationId),
  closeConversation: (conversationId) => inner.closeConversation(conversationId),
});

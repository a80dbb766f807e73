// Servers that break one promise each, for proof that random histories find it: a socket's messages are changed on
// their way out, or what stands behind the port forgets its manners. Must never break a frame: every client could see
// that.
import type { Orchestrator } from "../../../src/ports/orchestrator.ts";
import type { Message } from "../../support/client/transcript.ts";
import { changing, every, type Sabotage, withEvent } from "./sabotage/between.ts";
import { promisesOfV1 } from "./sabotage/v1.ts";

/** Each by the promise that it breaks, as the histories tell it. */
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
    what: "an event is told with other words",
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
    what: "the surface is left out",
    promise: /asked for|an update came before the surface|never came/,
    sabotage: () =>
      changing(
        /^surface$/,
        every(3, () => []),
      ),
  },
  {
    what: "an older version comes after a newer one",
    // While it shrinks, each try has a server of its own, whose versions begin anew: the older one may be too new then.
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
    what: "a turn is stopped by nobody",
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
    what: "two turns at a time",
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
    what: "a withdrawn text comes out all the same",
    promise: /a text that was accepted|is withdrawn, and was/,
    sabotage: () => ({
      orchestrator: (inner) => ({ ...bound(inner), cancelQueuedMessage: () => ({ cancelled: true, queue: [] }) }),
    }),
  },
];

/** Its calls, as a plain object. */
const bound = (inner: Orchestrator): Orchestrator => ({
  startTurn: (request) => inner.startTurn(request),
  enqueue: (request) => inner.enqueue(request),
  cancelQueuedMessage: (request) => inner.cancelQueuedMessage?.(request) ?? { cancelled: false, queue: [] },
  stopTurn: (conversationId) => inner.stopTurn(conversationId),
  subscribe: (conversationId, listener) => inner.subscribe(conversationId, listener),
  isActive: (conversationId) => inner.isActive(conversationId),
  closeConversation: (conversationId) => inner.closeConversation(conversationId),
});

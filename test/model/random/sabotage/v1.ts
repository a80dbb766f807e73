// Servers that break one promise of turnwire.v1 each (protocol 2): on replies, resume or idempotency keys.

import { isRecord, type Message } from "../../../support/client/transcript.ts";
import { eventIn } from "../../oracle/chat-watches.ts";
import { between, changing, every, hearing, type Meddler, type Sabotage, type Writer } from "./between.ts";

interface Broken {
  what: string;
  promise: RegExp;
  sabotage: () => Sabotage;
}

const meddling = (meddle: (writer: Writer, subprotocol: string) => Meddler) => (): Sabotage => ({
  between: between(meddle),
});

/** The server takes the client's cursor to be this many events further. */
const shifted = (by: number) => (): Sabotage =>
  hearing(/^chat\.subscribe$/, (message) => {
    const { after } = message;
    if (!isRecord(after) || Number(after["seq"]) + by < 0) return message;
    return { ...message, after: { ...after, seq: Number(after["seq"]) + by } };
  });

const verdicts = (change: (message: Message) => Message) => (): Sabotage =>
  changing(/^chat\.subscribed$/, (message) => [change(message)]);

const replies = (nth: number, then: (message: Message, later: (message: Message) => void) => Message[]) => () =>
  changing(/^reply$/, every(nth, then));

const resuming: Broken[] = [
  {
    what: "the first event after a resume is left out",
    promise: /after seq|was due|never came/,
    sabotage: meddling(() => {
      const resumed = new Set<unknown>();
      return {
        out(message) {
          if (message["recovered"] === true) resumed.add(message["conversationId"]);
          return resumed.delete(eventIn(message)?.conversationId) ? [] : [message];
        },
      };
    }),
  },
  {
    what: "a resume begins one event too late",
    promise: /after seq|was due|never came|true at no moment/,
    sabotage: shifted(1),
  },
  {
    what: "a resume begins with an event that the client already has",
    promise: /after seq|was due/,
    sabotage: shifted(-1),
  },
  {
    what: "turns that ended meanwhile are not replayed, and the verdict says so",
    promise: /true at no moment/,
    sabotage: () => hearing(/^chat\.subscribe$/, ({ after: _, ...message }) => message),
  },
  {
    what: "a verdict says that nothing is recovered, although it is",
    promise: /true at no moment/,
    sabotage: verdicts((message) => ({ ...message, recovered: false })),
  },
  {
    what: "a verdict says that everything is recovered, although it is not",
    promise: /true at no moment/,
    sabotage: verdicts((message) => ({ ...message, recovered: true })),
  },
  {
    what: "a verdict names a seq that is not the newest",
    promise: /true at no moment/,
    sabotage: verdicts((message) => ({ ...message, seq: Number(message["seq"]) + 1 })),
  },
  {
    what: "a verdict does not name the running turn",
    promise: /true at no moment/,
    sabotage: verdicts((message) => ({ ...message, turnId: null })),
  },
  {
    what: "a verdict is left out",
    promise: /the verdict on .* never came|before the verdict/,
    sabotage: () =>
      changing(
        /^chat\.subscribed$/,
        every(2, () => []),
      ),
  },
  {
    what: "a verdict comes after the replay",
    promise: /before the verdict|true at no moment/,
    sabotage: () =>
      changing(/^chat\.subscribed$/, (message, _, later) => {
        later(message);
        return [];
      }),
  },
  {
    what: "each socket has numbers of its own",
    promise: /is seq \d+ of|after seq|true at no moment/,
    sabotage: meddling(() => {
      let before = 0;
      return {
        out(message) {
          if (!eventIn(message)) return [message];
          const { fromSeq, seq, epoch } = message;
          const parts = typeof fromSeq === "number" ? Number(seq) - fromSeq : 0;
          before += parts + 1;
          return [{ ...message, epoch, seq: before, ...(parts > 0 && { fromSeq: before - parts }) }];
        },
      };
    }),
  },
];

const replying: Broken[] = [
  {
    what: "a reply is left out",
    promise: /the reply to .* never came/,
    sabotage: replies(3, () => []),
  },
  {
    what: "a reply comes twice",
    promise: /a second reply/,
    sabotage: replies(3, (message) => [message, message]),
  },
  {
    what: "a reply says something else",
    promise: /the reply .* was due/,
    sabotage: replies(2, (message) => [message["ok"] === true ? { ...message, turnId: "another" } : message]),
  },
  {
    what: "a refusal comes as a message of its own beside its reply",
    promise: /a refused request gets its refusal/,
    sabotage: replies(1, (message) => {
      const { ok, error } = message;
      if (ok === true || !isRecord(error)) return [message];
      return [message, { type: "chat.error", message: error["message"] }];
    }),
  },
  {
    what: "the reply to a chat.send comes after its turn's first event",
    promise: /before the reply to its chat.send/,
    sabotage: replies(1, (message, later) => {
      if (message["turnId"] === undefined || message["startedTurn"] !== undefined) return [message];
      later(message);
      return [];
    }),
  },
  {
    what: "an event comes after the reply to an unsubscribe",
    promise: /came, and was not owed/,
    sabotage: meddling(() => {
      const asked = new Map<unknown, unknown>();
      const newest = new Map<unknown, Message>();
      return {
        into({ id, conversationId, ...message }) {
          if (message.type === "chat.unsubscribe") asked.set(id, conversationId);
          return [{ id, conversationId, ...message }];
        },
        out(message) {
          const event = eventIn(message);
          if (event) newest.set(event.conversationId, message);
          const late = message.type === "reply" ? newest.get(asked.get(message["id"])) : undefined;
          return late ? [message, late] : [message];
        },
      };
    }),
  },
  {
    what: "a base socket is treated as a turnwire.v1 socket",
    promise: /hello.* came, and was not owed/,
    sabotage: () => ({ between: (accept, socket) => accept(socket, "turnwire.v1") }),
  },
];

/** Identifies the key of a request. Undefined without one. */
const placeOf = ({ idempotencyKey, conversationId }: Message): string | undefined =>
  idempotencyKey === undefined ? undefined : JSON.stringify([idempotencyKey, conversationId]);

const repeating: Broken[] = [
  {
    what: "a key is forgotten, and a repeated request counts as new",
    promise: /though the key of .* had succeeded/,
    sabotage: () => hearing(/^chat\.(send|queue)$/, ({ idempotencyKey: _, ...message }) => message),
  },
  {
    what: "another request under a used key gets the first one's success",
    promise: /idempotency-conflict|idempotencyKey was used|was not owed/,
    sabotage: () => {
      const asked = new Map<unknown, Message>();
      const first = new Map<string, Message>();
      const meddle = (_: Writer, subprotocol: string): Meddler => ({
        into(message) {
          const { id } = message;
          const place = placeOf(message);
          if (subprotocol === "" || place === undefined) return [message];
          asked.set(id, message);
          const known = first.get(place);
          return [known ? { ...known, id } : message];
        },
        out(message) {
          const request = message["ok"] === true ? asked.get(message["id"]) : undefined;
          const place = request && placeOf(request);
          if (request && place !== undefined && !first.has(place)) first.set(place, request);
          return [message];
        },
      });
      return { between: between(meddle) };
    },
  },
  {
    what: "a refusal is remembered under its key",
    promise: /the port was never asked|the reply .* was due|never came|was not owed/,
    sabotage: () => {
      const places = new Map<unknown, string>();
      const refused = new Map<string, Message>();
      const meddle = ({ now }: Writer): Meddler => ({
        into(message) {
          const { id } = message;
          const place = placeOf(message);
          if (place === undefined || id === undefined) return [message];
          places.set(id, place);
          const known = refused.get(place);
          if (!known) return [message];
          now({ ...known, id });
          return [];
        },
        out(message) {
          const { id, error } = message;
          const isMeant = isRecord(error) && error["code"] !== "idempotency-conflict";
          const place = isMeant ? places.get(id) : undefined;
          if (place !== undefined) refused.set(place, message);
          return [message];
        },
      });
      return { between: between(meddle) };
    },
  },
];

export const promisesOfV1: readonly Broken[] = [...resuming, ...replying, ...repeating];

// Messages by the grammar of the protocol, most of them mutated: a field is missing, of another type, too long, too
// deep or doubled, or has a name that is special in JavaScript.
import type { Dice } from "../support/dice.ts";

type Fields = Record<string, unknown>;

/** Few conversations and surfaces, so that messages meet the state that earlier messages have left. */
const conversation = (dice: Dice): string => `fuzz-${dice.whole(0, 5)}`;
const surface = (dice: Dice): string => dice.pick(["gateway", "conversation", "message-queue", "none"]);

const scripts = [
  '{"tokens":3}',
  '{"tokens":50,"delayMs":1}',
  '{"tokens":2,"tools":1}',
  '{"tokens":5,"reasoning":5,"failAfter":2}',
  '{"tokens":1,"hang":true}',
  '{"tokens":-1}',
  "plain words",
];

const grammar: ((dice: Dice) => Fields)[] = [
  (dice) => ({ type: "subscribe", surfaceId: surface(dice), conversationId: conversation(dice) }),
  (dice) => ({ type: "unsubscribe", surfaceId: surface(dice), conversationId: conversation(dice) }),
  (dice) => ({
    ...{ type: "invoke", surfaceId: surface(dice), conversationId: conversation(dice) },
    ...{ actionId: dice.pick(["stop", "set-model", "set-reasoning-effort", "none"]), payload: anything(dice, 2) },
  }),
  (dice) => ({
    ...{ type: "chat.send", conversationId: conversation(dice), message: dice.pick(scripts), model: "demo/script" },
    ...(dice.chance(0.2) && { reasoningEffort: dice.pick(["low", "max", "none"]) }),
    ...(dice.chance(0.2) && { images: [{ url: "data:image/png;base64,AA==" }] }),
    ...(dice.chance(0.2) && { idempotencyKey: `key-${dice.whole(0, 9)}` }),
  }),
  (dice) => ({
    ...{ type: "chat.subscribe", conversationId: conversation(dice) },
    ...(dice.chance(0.5) && { after: { epoch: "e", seq: dice.whole(0, 9) } }),
  }),
  (dice) => ({ type: "chat.unsubscribe", conversationId: conversation(dice) }),
  (dice) => ({ type: "chat.queue", conversationId: conversation(dice), text: dice.pick(scripts) }),
  (dice) => ({ type: "chat.queue.cancel", conversationId: conversation(dice), messageId: `m${dice.whole(0, 9)}` }),
  (dice) => ({ type: "chat.cancel", conversationId: conversation(dice) }),
  () => ({ type: "ping" }),
];

const oddNames = ["__proto__", "constructor", "toString", "hasOwnProperty", "", "type", "id", "a\u0000b", "\ud800"];
const oddTexts = [
  "",
  " ",
  "\u0000",
  "\ud800",
  "\udfff",
  "𝒳".repeat(20),
  "../..",
  "%00",
  "a".repeat(201),
  "NaN",
  "null",
];

/** Any JSON value. */
function anything(dice: Dice, depth: number): unknown {
  switch (dice.whole(0, depth > 0 ? 9 : 7)) {
    case 0:
      return null;
    case 1:
      return dice.chance(0.5);
    case 2:
      return dice.pick([0, -1, 1.5, 1e308, -1e308, Number.MAX_SAFE_INTEGER, 2 ** 53, 1e21]);
    case 3:
      return dice.pick(oddTexts);
    case 4:
      return "x".repeat(dice.whole(0, 300));
    case 5:
      return [];
    case 6:
      return {};
    case 7:
      return dice.whole(0, 10);
    case 8:
      return Array.from({ length: dice.whole(0, 4) }, () => anything(dice, depth - 1));
    default:
      return Object.fromEntries(
        Array.from({ length: dice.whole(0, 4) }, () => [dice.pick(oddNames), anything(dice, depth - 1)]),
      );
  }
}

function bent(dice: Dice, message: Fields): string {
  const names = Object.keys(message);
  const name = names.length > 0 ? dice.pick(names) : "type";
  switch (dice.whole(0, 9)) {
    case 0: {
      const { [name]: _, ...rest } = message;
      return JSON.stringify(rest);
    }
    case 1:
      return JSON.stringify({ ...message, [name]: anything(dice, 3) });
    case 2:
      return JSON.stringify({ ...message, [dice.pick(oddNames)]: anything(dice, 3) });
    case 3:
      return JSON.stringify({ ...message, id: dice.chance(0.5) ? "id" : anything(dice, 1) });
    case 4:
      return JSON.stringify(message).slice(0, dice.whole(0, 40));
    case 5:
      return `${JSON.stringify(message).slice(0, -1)},"${name}":${JSON.stringify(anything(dice, 1))}}`;
    case 6:
      return `${"[".repeat(dice.whole(1, 2_000))}${"]".repeat(dice.whole(0, 2_000))}`;
    case 7:
      return JSON.stringify({ ...message, [name]: "y".repeat(dice.whole(1_000, 70_000)) });
    case 8:
      return JSON.stringify({ ...message, deep: JSON.parse(`${'{"a":'.repeat(40)}1${"}".repeat(40)}`) });
    default: {
      const letters = [...JSON.stringify(message)];
      letters[dice.whole(0, letters.length - 1)] = dice.pick(["{", '"', "\\", "\u0001", "é", ","]);
      return letters.join("");
    }
  }
}

/** The text of one message. */
export function messageText(dice: Dice): string {
  const message = dice.pick(grammar)(dice);
  if (dice.chance(0.3)) return JSON.stringify({ ...message, ...(dice.chance(0.5) && { id: `r${dice.whole(0, 99)}` }) });
  return bent(dice, message);
}

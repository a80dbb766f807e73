// The limits of a server: the defaults with an embedder's overrides, validated before anything starts. Must never
// accept a limit that the server would announce and could not enforce.
import { limits as defaults, type Limits } from "../limits.ts";
import { eventHeadBytes } from "../protocol/text-size.ts";
import { ConfigError } from "./config/error.ts";

type Name = keyof Limits;

/** Limits for which 0 makes sense. For all others 0 would forbid what they bound, or mean no bound. */
const mayBeZero: ReadonlySet<Name> = new Set<Name>([
  "broadcastIntervalMs",
  "closeSpreadMs",
  "compactionMessagesKept",
  "deferredMsPerLoopTurn",
  "flushIntervalMs",
  "inputCooldown",
  "longMessageCooldown",
  "pendingUpgradeBytesMax",
  "queuedTextsMax",
  "retriesMax",
]);

/** Shares of a loop turn, rates and factors. Counts, and times that Node gets, are whole numbers. */
const mayBeFractional = /(MsPerLoopTurn|PerSecond|PerMs|Cooldown)$/;

/** Node fires longer timers at once. */
const timerMsMax = 2 ** 31 - 1;
const neverTimed: ReadonlySet<Name> = new Set<Name>(["idempotencyMs", "sealedLogKeptMs"]);

const least: { [name in Name]?: [value: number, because: string] } = {
  messageBytesMax: [256, "an id may take most of that, and a message names one or two"],
  idCharactersMax: [36, "clients send back the server's own ids, UUIDs of 36 characters"],
  nestingDepthMax: [3, "a chat.send with images is nested three levels deep"],
  eventBytesMax: [2 * eventHeadBytes, `the ids and names of an event may take ${eventHeadBytes} bytes of it`],
};

/** The first must be at most the second. */
const order: [small: Name, large: Name, because: string][] = [
  ["messageBytesMax", "frameBytesMax", "no message is longer than a frame"],
  ["chatTextBytesMax", "frameBytesMax", "no text is longer than a frame"],
  ["inputSliceBytesMin", "inputSliceBytesMax", "they are the smallest and the largest slice"],
  ["handshakeMs", "requestMs", "the headers are a part of the request"],
  ["flushIntervalMs", "flushIntervalMaxMs", "the interval is only ever lengthened"],
  ["eventBytesMax", "wholeEventCharactersMax", "an event truncated to fit would be dropped"],
  ["deltaCharactersMax", "wholeEventCharactersMax", "text split to fit would be dropped"],
  ["wholeEventCharactersMax", "unsentBytesMax", "one event would cut off every socket that it is for"],
  ["specCharactersMax", "unsentBytesMax", "one spec would cut off every socket that it is for"],
  ["allLogsBytesMax", "runningLogsBytesMax", "turns would be ended before sealed logs are shed"],
  ["outstandingBytesMin", "outstandingBytesMax", "they are the smallest and the largest window"],
  ["ackTargetMs", "ackTimeoutMs", "a slow socket would be closed before its window shrinks"],
  ["toolRunMs", "agentLostMs", "a silent tool's turn would be aborted before the tool's time is over"],
  ["modelSilenceMs", "agentLostMs", "a silent model's turn would be aborted before the model is asked again"],
  ["modelPartCharactersMax", "modelAnswerBytesMax", "a part is no longer than the answer"],
  ["retryFirstDelayMs", "retryDelayMaxMs", "the delay only ever grows"],
];

/** @throws ConfigError with the limit, its value, the reason and the remedy. */
export function resolveLimits(changes: Partial<Limits> = {}): Limits {
  if (typeof changes !== "object" || changes === null || Array.isArray(changes))
    throw new ConfigError(`limits is ${JSON.stringify(changes)}: it must be an object of limits by name.`);
  for (const [name, value] of Object.entries(changes)) checkOne(name, value);
  const limits: Limits = { ...defaults, ...changes };
  for (const [small, large, because] of order) {
    if (limits[small] <= limits[large]) continue;
    const values = `limits.${small} (${limits[small]}) is more than limits.${large} (${limits[large]})`;
    throw new ConfigError(`${values}: ${because}. Lower the first or raise the second.`);
  }
  const { silentPingMs, silentCloseMs, sweepIntervalMs } = limits;
  if (silentCloseMs < silentPingMs + sweepIntervalMs)
    throw new ConfigError(
      `limits.silentCloseMs (${silentCloseMs}) is less than limits.silentPingMs (${silentPingMs}) and ` +
        `limits.sweepIntervalMs (${sweepIntervalMs}) together: a silent socket would be closed before its pong can ` +
        "come. Raise the first or lower the others.",
    );
  return limits;
}

function checkOne(name: string, value: unknown): void {
  if (!isName(name)) throw new ConfigError(`limits.${name} is no limit: the names are in docs/reference/limits.md.`);
  const problem = problemOf(name, value);
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  if (problem !== undefined) throw new ConfigError(`limits.${name} is ${shown}: it must be ${problem}.`);
}

/** The rule that the value breaks, to follow "it must be". */
function problemOf(name: Name, value: unknown): string | undefined {
  if (typeof value !== "number" || !Number.isFinite(value)) return "a finite number";
  const isFractional = mayBeFractional.test(name);
  if (!isFractional && !Number.isSafeInteger(value)) return "a whole number";
  const [min, because] = least[name] ?? [mayBeZero.has(name) ? 0 : isFractional ? Number.MIN_VALUE : 1];
  if (value < min) return min === Number.MIN_VALUE ? "more than 0" : `${min} or more${because ? `: ${because}` : ""}`;
  const isTimed = /Ms(Max)?$/.test(name) && !neverTimed.has(name);
  return isTimed && value > timerMsMax ? `${timerMsMax} or less, the longest timer of Node` : undefined;
}

const isName = (name: string): name is Name => Object.hasOwn(defaults, name);

// hello: the first message to a v1 socket, with every limit that can affect the client (protocol 2). Everything but the
// connectionId is encoded once.
import type { Limits } from "../limits.ts";
import { packageVersion } from "../version.ts";
import { encodeFrame } from "./frame.ts";

/** Limits of the gateway, which apply to any orchestrator. */
const announced = [
  "frameBytesMax",
  "messageBytesMax",
  "chatTextBytesMax",
  "idCharactersMax",
  "shortStringCharactersMax",
  "idempotencyKeyCharactersMax",
  "idempotencyMs",
  "idempotencyKeysMax",
  "nestingDepthMax",
  "messageOpenersMax",
  "messageFragmentsMax",
  "messageChunksMax",
  "pendingPongsMax",
  "subscriptionsPerSocketMax",
  "invokesPerSocketMax",
  "surfaceAnswersOwedMax",
  "surfaceAnswerMs",
  "specCharactersMax",
  "commandsBurst",
  "commandsPerSecond",
  "bytesPerCommand",
  "commandsPerMessageMax",
  "readsBurst",
  "readsPerSecond",
  "commandRefusalsMax",
  "inputBusyMsMax",
  "longMessageWaitMsMax",
  "pendingUpgradesMax",
  "pendingUpgradeBytesMax",
  "shortLivedSocketMs",
  "shortLivedSocketsBurst",
  "shortLivedSocketsPerSecond",
  "socketsPerAddressMax",
  "socketsMax",
  "runningTurnsPerTokenMax",
  "wholeEventCharactersMax",
  "eventBytesMax",
  "deltaCharactersMax",
  "turnLogBytesMax",
  "conversationLogBytesMax",
  "allLogsBytesMax",
  "runningLogsBytesMax",
  "sealedLogKeptMs",
  "outstandingBytesMax",
  "outstandingBytesMin",
  "ackTargetMs",
  "ackTimeoutMs",
  "unsentBytesMax",
  "allUnsentBytesMax",
  "silentPingMs",
  "silentCloseMs",
  "handshakeMs",
  "closingMs",
  "reconnectAfterMs",
] as const satisfies (keyof Limits)[];

/** Limits of the conversations that run in this process. */
const announcedOfConversations = [
  "queuedTextsMax",
  "queuedTextCharactersMax",
  "stepsPerTurnMax",
  "runningTurnsMax",
  "turnMs",
  "agentLostMs",
  "toolRunMs",
  "modelSilenceMs",
  "retriesMax",
  "ticketMs",
] as const satisfies (keyof Limits)[];

/** Names on the wire that differ from those in limits.ts. They stay, because clients may depend on them. */
const wireNames: Partial<Record<keyof Limits, string>> = {
  readsBurst: "looksBurst",
  readsPerSecond: "looksPerSecond",
  longMessageWaitMsMax: "longWorkWaitMsMax",
  pendingUpgradesMax: "newcomersWaitingMax",
  pendingUpgradeBytesMax: "newcomerBytesMax",
  shortLivedSocketMs: "vainNewcomerMs",
  shortLivedSocketsBurst: "vainNewcomersBurst",
  shortLivedSocketsPerSecond: "vainNewcomersPerSecond",
  ackTargetMs: "receiptWishedMs",
  ackTimeoutMs: "markAnswerMs",
};

const pick = (limits: Limits, names: readonly (keyof Limits)[]): Record<string, number> =>
  Object.fromEntries(names.map((name) => [wireNames[name] ?? name, limits[name]]));

export const conversationLimits = (limits: Limits): Record<string, number> => pick(limits, announcedOfConversations);

/** @param others limits of the implementations behind the gateway's ports. */
export function createHello(limits: Limits, others: Record<string, number>): (connectionId: string) => Buffer {
  const version = packageVersion();
  const head = JSON.stringify({ type: "hello", server: "turnwire", version }).slice(0, -1);
  const tail = `,"limits":${JSON.stringify({ ...pick(limits, announced), ...others })}}`;
  return (connectionId) => encodeFrame(`${head},"connectionId":${JSON.stringify(connectionId)}${tail}`);
}

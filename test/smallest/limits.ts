// Sets every limit to the smallest value with which the limited thing still works. A test file imports this module
// before a suite, and plays that suite on a server with these limits. A share of the work becomes a single unit. A size
// limit fits the largest item that the suites send. A timeout on the real clock stays long enough for a busy machine.
// Suites whose expectations depend on limits set their own on top. None of those is larger, except limits that the
// suite's oracle does not know.
import type { Limits } from "../../src/limits.ts";
import { limits } from "../support/limits.ts";

const KiB = 1024;

export const smallest: Limits = {
  // ── what a client may send: room for what the suites send ───────────────────────────────────────────────────────
  frameBytesMax: 4 * KiB,
  messageBytesMax: 4 * KiB,
  chatTextBytesMax: 2 * KiB,
  idCharactersMax: 40,
  idempotencyKeyCharactersMax: 40,
  idempotencyMs: 60_000,
  idempotencyKeysMax: 64,
  shortStringCharactersMax: 64,
  nestingDepthMax: 4,
  messageOpenersMax: 4,
  inputMsPerLoopTurn: 0.2,
  longMessageCooldown: 1,
  longMessageCooldownMsMax: 1,
  longMessageWaitMsMax: 1,
  longMessagesBytesMax: 1,
  inputFirstBytes: 256,
  inputSliceBytesMin: 64,
  inputSliceBytesMax: 64,
  inputFloodBytes: 128,
  inputCooldown: 1,
  turnWorkMs: 5,
  // Longer than the leaps of any player's clock: to the server, a leap is time in which it read nothing.
  inputBusyMsMax: 30_000,
  pendingUpgradesMax: 64,
  pendingUpgradeBytesMax: 0,
  shortLivedSocketMs: 1,
  shortLivedSocketsBurst: 1,
  shortLivedSocketsPerSecond: 1_000,
  messageFragmentsMax: 2,
  messageChunksMax: 256,
  pendingPongsMax: 1,
  subscriptionsPerSocketMax: 5,
  invokesPerSocketMax: 1,
  httpBodyBytesMax: 4 * KiB,
  commandsBurst: 100,
  commandsPerSecond: 1,
  bytesPerCommand: 1 * KiB,
  commandsPerMessageMax: 2,
  readsBurst: 512,
  readsPerSecond: 1,
  commandRefusalsMax: 1,
  tokensMax: 2,
  tokensFilePauseMs: 1,
  socketsPerAddressMax: 4,
  socketsPerLoopbackAddressMax: 64,
  socketsMax: 64,

  // ── the queue of a conversation ─────────────────────────────────────────────────────────────────────────────────
  queuedTextsMax: 1,
  queuedTextCharactersMax: 200,

  // ── turn events and logs ────────────────────────────────────────────────────────────────────────────────────────
  eventBytesMax: 16 * KiB,
  wholeEventCharactersMax: 16 * KiB,
  turnLogBytesMax: 64 * KiB,
  conversationLogBytesMax: 96 * KiB,
  allLogsBytesMax: 128 * KiB,
  runningLogsBytesMax: 192 * KiB,
  shedPauseMs: 1,
  sealedLogKeptMs: 20_000,
  deadTurnMs: 1_000,
  stepsPerTurnMax: 2,

  // ── delivery: one at a time ─────────────────────────────────────────────────────────────────────────────────────
  flushIntervalMs: 1,
  flushWatchersPerMs: 1,
  flushIntervalMaxMs: 1,
  flushEventsMax: 1,
  flushBytesMax: 1,
  broadcastIntervalMs: 1,
  broadcastSocketsPerMs: 10,
  deferredMsPerLoopTurn: 0,
  deferredWaitMsMax: 1,
  socketsPerLoopTurn: 1,
  dispatchesPerLoopTurn: 1,
  catchUpsPerLoopTurn: 1,
  catchUpSliceBytes: 1,

  // ── slow sockets ────────────────────────────────────────────────────────────────────────────────────────────────
  pingEveryBytes: 1 * KiB,
  outstandingBytesMax: 8 * KiB,
  outstandingBytesMin: 2 * KiB,
  ackTargetMs: 1,
  ackTimeoutMs: 10_000,
  unsentBytesMax: 64 * KiB,
  allUnsentBytesMax: 96 * KiB,

  // ── liveness ────────────────────────────────────────────────────────────────────────────────────────────────────
  sweepIntervalMs: 100,
  silentPingMs: 20_000,
  silentCloseMs: 21_000,
  handshakeMs: 1_000,
  requestMs: 5_000,
  closingMs: 500,
  closesPerWave: 1,
  closesPerSecond: 1,
  closeSpreadMs: 10,
  reconnectAfterMs: 1,

  // ── surfaces ────────────────────────────────────────────────────────────────────────────────────────────────────
  surfaceAnswerMs: 5_000,
  specCharactersMax: 8 * KiB,
  surfaceAnswersOwedMax: 4,
  catalogPollMs: 1,

  // ── turns ───────────────────────────────────────────────────────────────────────────────────────────────────────
  journalIntervalMs: 1,
  agentStopMs: 10,
  sealRetryMs: 1,
  retryFirstDelayMs: 1,
  retryDelayMaxMs: 1,
  retriesMax: 1,
  toolRunMs: 1_000,
  modelSilenceMs: 1_000,
  modelAnswerBytesMax: 4 * KiB,
  modelPartCharactersMax: 1 * KiB,
  modelRefusalBytesMax: 256,
  deltaCharactersMax: 32,
  runningTurnsMax: 2,
  runningTurnsPerTokenMax: 1,
  agentSilentMs: 1_000,
  agentLostMs: 2_000,
  turnCheckMs: 10,
  turnMs: 60_000,
  agentEventsPerLoopTurn: 1,
  compactionMessagesKept: 1,
  compactionMs: 1_000,
  compactionSummaryCharactersMax: 100,
  lastWaitMs: 1_000,

  // ── access, HTTP ────────────────────────────────────────────────────────────────────────────────────────────────
  ticketMs: 1_000,
  ticketsMax: 1,
  retryAfterMs: 1,
  chatStallMs: 1_000,

  // ── the live visualizer ─────────────────────────────────────────────────────────────────────────────────────────
  inspectedActorsMax: 1,
  inspectStreamsMax: 1,
  inspectedPayloadCharactersMax: 1,
  recordedMovesMax: 1,
  recordsMax: 1,

  // ── the store ───────────────────────────────────────────────────────────────────────────────────────────────────
  storeCheckBytesMax: 1,
  storeCheckpointPages: 1,
  storeWalBytesKept: 1,
  storeDeadLettersMax: 1,
};

Object.assign(limits, smallest);

// Even smaller limits for the simulation. Its clients cope with refusals, with deltas of a few characters and with
// congestion by a single byte. Its clock is simulated, so timeouts can be short.
import { limits } from "../support/limits.ts";
import "./limits.ts";

Object.assign(limits, {
  subscriptionsPerSocketMax: 1,
  commandsBurst: 1,
  readsBurst: 1,
  commandRefusalsMax: 3,
  runningTurnsMax: 1,
  deltaCharactersMax: 3,
  turnLogBytesMax: 8 * 1_024,
  conversationLogBytesMax: 1,
  allLogsBytesMax: 1,
  runningLogsBytesMax: 16 * 1_024,
  sealedLogKeptMs: 1,
  pingEveryBytes: 1,
  outstandingBytesMax: 1,
  outstandingBytesMin: 1,
  ackTimeoutMs: 1_000,
  unsentBytesMax: 16 * 1_024,
  allUnsentBytesMax: 16 * 1_024,
  closingMs: 100,
  surfaceAnswerMs: 1,
  surfaceAnswersOwedMax: 1,
  agentStopMs: 1,
  turnMs: 5_000,
});

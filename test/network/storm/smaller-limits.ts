// Loaded into the server before its own program: limits so small that a minute shows what else takes an hour. Logs are
// shed, slow sockets are closed soon, and everything is done in small slices.
import { type Limits, limits } from "../../../src/limits.ts";

const smaller: Partial<Limits> = {
  ackTimeoutMs: 2_500,
  closingMs: 800,
  sweepIntervalMs: 200,
  silentPingMs: 3_000,
  silentCloseMs: 6_000,
  conversationLogBytesMax: 256 * 1024,
  sealedLogKeptMs: 3_000,
  unsentBytesMax: 512 * 1024,
  allUnsentBytesMax: 4 * 1024 * 1024,
  socketsPerLoopTurn: 3,
  catchUpsPerLoopTurn: 2,
  dispatchesPerLoopTurn: 5,
  catchUpSliceBytes: 16 * 1024,
  outstandingBytesMax: 64 * 1024,
  outstandingBytesMin: 16 * 1024,
  pingEveryBytes: 16 * 1024,
  flushBytesMax: 16 * 1024,
};

Object.assign(limits, smaller);

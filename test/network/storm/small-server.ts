// The command `turnwire serve` with limits so small that a minute shows what otherwise takes an hour: event logs are
// dropped, slow sockets are closed soon, and all work is done in small slices.
import type { Limits } from "../../../src/limits.ts";
import { readConfig } from "../../../src/server/config.ts";
import { createLogger } from "../../../src/server/logger.ts";
import { startServer } from "../../../src/server/server.ts";

const KiB = 1024;

const limits: Partial<Limits> = {
  ackTimeoutMs: 2_500,
  closingMs: 800,
  sweepIntervalMs: 200,
  silentPingMs: 3_000,
  silentCloseMs: 6_000,
  eventBytesMax: 512 * KiB,
  wholeEventCharactersMax: 512 * KiB,
  specCharactersMax: 512 * KiB,
  conversationLogBytesMax: 256 * KiB,
  sealedLogKeptMs: 3_000,
  unsentBytesMax: 512 * KiB,
  allUnsentBytesMax: 4 * 1024 * KiB,
  socketsPerLoopTurn: 3,
  catchUpsPerLoopTurn: 2,
  dispatchesPerLoopTurn: 5,
  catchUpSliceBytes: 16 * KiB,
  outstandingBytesMax: 64 * KiB,
  outstandingBytesMin: 16 * KiB,
  pingEveryBytes: 16 * KiB,
  flushBytesMax: 16 * KiB,
};

const command = readConfig(process.argv.slice(2), process.env);
if (command.kind !== "serve") throw new Error("the storm's server needs the command serve");
const { config } = command;
const server = await startServer({ config, logger: createLogger(config.logLevel), limits });
process.on("SIGTERM", () => void server.stop().then(() => process.exit(0)));
process.stdout.write(`turnwire ready ${server.wsUrl} ${server.httpUrl}\n`);

// The process's log: pino, one JSON line per entry, to stderr. Standard output has only the ready line.
import { destination, pino, stdTimeFunctions } from "pino";
import type { LogFields, Logger } from "../ports/logger.ts";

/** pino logs the field `error` with type, message and stack. */
export function createLogger(level: string): Logger {
  const log = pino(
    { level, base: null, timestamp: stdTimeFunctions.isoTime, errorKey: "error" },
    destination({ dest: 2, sync: true }),
  );
  const line =
    (name: "debug" | "info" | "warn" | "error") =>
    (message: string, fields?: LogFields): void =>
      log[name](fields ?? {}, message);
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}

// The process's log: pino, one JSON line each, to stderr. Standard output belongs to the ready line.
import { destination, pino, stdTimeFunctions } from "pino";
import type { LogFields, Logger } from "../ports/logger.ts";

/** Errors come under `error`; pino shows their type, message and stack. */
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

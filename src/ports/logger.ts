// The log port, in the shape that hosts use: a message, then fields. People's texts and payloads must never be logged.
import { ignoreRejection } from "./guard.ts";

export type LogFields = Record<string, unknown>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};

/** Wraps a host's logger, which may lack methods, throw or reject; all of that is ignored. */
export function tolerantLogger(host: Partial<Logger> | undefined): Logger {
  const line =
    (level: keyof Logger) =>
    (message: string, fields?: LogFields): void => {
      try {
        ignoreRejection<unknown>(fields === undefined ? host?.[level]?.(message) : host?.[level]?.(message, fields));
      } catch {
        // A failing log must not fail the request.
      }
    };
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}

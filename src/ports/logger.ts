// The log port, in the shape that hosts bring: a message first, then fields. Never message texts or payloads of people.

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

/** A host's logger may lack methods, and may throw: neither costs us anything. */
export function tolerantLogger(host: Partial<Logger> | undefined): Logger {
  const line =
    (level: keyof Logger) =>
    (message: string, fields?: LogFields): void => {
      try {
        const answer: unknown = fields === undefined ? host?.[level]?.(message) : host?.[level]?.(message, fields);
        if (answer instanceof Promise) answer.catch(() => {});
      } catch {
        // A log that cannot be written is nobody's failure.
      }
    };
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}

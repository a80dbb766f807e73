// The tool `clock`: the current time, optionally in a time zone. Must never read any clock but the one passed in.
import * as v from "valibot";
import type { Tool } from "../../ports/agent.ts";
import type { Clock } from "../../runtime/clock.ts";

const inputSchema = v.nullish(v.object({ timeZone: v.nullish(v.string()) }));

/** The tool's result is one line: the time in UTC (ISO 8601), then written out in the requested time zone. */
export function createClockTool(clock: Clock): Tool {
  return {
    name: "clock",
    description: "The current date and time in UTC and, if requested, in an IANA time zone.",
    inputSchema: {
      type: "object",
      properties: { timeZone: { type: "string", description: 'An IANA time zone such as "Europe/Berlin".' } },
      additionalProperties: false,
    },
    run(input) {
      const parsed = v.safeParse(inputSchema, input);
      if (!parsed.success) throw new Error('clock: the input must be an object like {"timeZone": "Europe/Berlin"}.');
      const timeZone = parsed.output?.timeZone ?? "UTC";
      const now = new Date(clock.wall());
      return `${now.toISOString()} (${writtenOut(now, timeZone)}, ${timeZone})`;
    },
  };
}

function writtenOut(time: Date, timeZone: string): string {
  try {
    return time.toLocaleString("en-GB", { timeZone, dateStyle: "full", timeStyle: "short" });
  } catch {
    throw new Error(`clock: there is no time zone "${timeZone}". Give an IANA name such as "Europe/Berlin".`);
  }
}

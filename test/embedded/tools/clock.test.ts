// The clock tool, on a simulated clock.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createClockTool } from "../../../src/embedded/tools/clock.ts";
import { SimulatedClock } from "../../support/clock.ts";

const tool = suite("tool clock");

const { run, name } = createClockTool(new SimulatedClock(Date.UTC(2025, 0, 2, 3, 4, 5)));
const context = { signal: new AbortController().signal, cwd: undefined, onOutput: () => {} };

tool("says the time in UTC", () => {
  assert.is(name, "clock");
  for (const input of [{}, undefined, null, { timeZone: null }]) {
    assert.match(
      String(run(input, context)),
      /^2025-01-02T03:04:05\.000Z \(Thursday,? 2 January 2025 at 03:04, UTC\)$/,
    );
  }
});

tool("says the time in a zone", () => {
  assert.match(String(run({ timeZone: "Asia/Tokyo" }, context)), /12:04, Asia\/Tokyo\)$/);
});

tool("refuses an unknown time zone and an input that is not an object", () => {
  assert.throws(() => run({ timeZone: "Mars" }, context), /no time zone "Mars"\. Give an IANA name/);
  assert.throws(() => run("now", context), /must be an object like/);
  assert.throws(() => run({ timeZone: 5 }, context), /must be an object like/);
});

tool.run();

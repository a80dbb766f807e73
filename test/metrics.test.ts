// GET /metrics: Prometheus' text format with the gateway's figures as they are at the moment of the scrape.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../src/limits.ts";
import { createMetrics, type Figures } from "../src/metrics.ts";
import { within } from "./support/deadline.ts";

const test = suite("metrics");

const figures: Figures = {
  sockets: 1,
  watches: 2,
  surfaces: 3,
  events: 4,
  logs: 5,
  logBytes: 6,
  largestLogBytes: 5,
  unsentBytes: 7,
  largestUnsentBytes: 6,
  latenessMs: 3_000,
  stalledTurns: 1,
  runningTurns: 7,
};

const gaugeIn = (text: string, name: string): number => Number(text.match(new RegExp(`^${name} (\\S+)$`, "m"))?.[1]);

test("every figure is there under its name, with help and type", async () => {
  const text = await within(createMetrics(() => figures)(), "the metrics");
  const expected: [string, number][] = [
    ["turnwire_sockets", 1],
    ["turnwire_watches", 2],
    ["turnwire_surfaces", 3],
    ["turnwire_turn_events", 4],
    ["turnwire_turn_logs", 5],
    ["turnwire_turn_log_bytes", 6],
    ["turnwire_running_turns", 7],
    ["turnwire_stalled_turns", 1],
    ["turnwire_largest_turn_log_bytes", 5],
    ["turnwire_unsent_bytes", 7],
    ["turnwire_largest_unsent_bytes", 6],
    ["turnwire_flush_lateness_seconds", 3],
  ];
  for (const [name, value] of expected) {
    assert.is(gaugeIn(text, name), value, name);
    assert.match(text, `# TYPE ${name} gauge`);
    assert.match(text, `# HELP ${name} `);
  }
  assert.match(text, `turnwire_budget_bytes{limit="allLogsBytesMax"} ${limits.allLogsBytesMax}`);
  assert.match(text, "process_resident_memory_bytes");
});

test("the figures are asked for once a scrape, at the moment of it", async () => {
  let asked = 0;
  const scrape = createMetrics(() => ({ ...figures, sockets: ++asked }));
  assert.is(asked, 0);
  assert.is(gaugeIn(await within(scrape(), "the metrics"), "turnwire_sockets"), 1);
  assert.is(gaugeIn(await within(scrape(), "the metrics"), "turnwire_sockets"), 2);
});

test("two servers in one process count for themselves", async () => {
  const scrapes = [10, 20].map((sockets) => createMetrics(() => ({ ...figures, sockets })));
  const texts = await within(Promise.all(scrapes.map((scrape) => scrape())), "the metrics");
  assert.equal(
    texts.map((text) => gaugeIn(text, "turnwire_sockets")),
    [10, 20],
  );
});

test.run();

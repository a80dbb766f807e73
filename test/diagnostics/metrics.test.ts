// GET /metrics: the gateway's values at the moment of the scrape, in Prometheus' text format.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createMetrics, type Figures, type MetricsSource } from "../../src/diagnostics/metrics.ts";
import { EgressCounters } from "../../src/egress/counters.ts";
import { limits } from "../../src/limits.ts";
import { within } from "../support/deadline.ts";

const test = suite("metrics");

const figures: Figures = {
  largestLag: 8,
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
  longMessages: 2,
};

const counters = new EgressCounters();
Object.assign(counters, { writes: 9, writtenBytes: 10, deliveries: 12, deliveryWrites: 3 });
counters.closed(4001);
counters.closed(4001);
counters.refused("rate-limited");

const bounds = { ...limits, allUnsentBytesMax: 12_345 };

const source = (read: () => Figures = () => figures): MetricsSource => ({
  figures: read,
  charts: () => [{ chart: "turn", count: 2, states: { "turn.running.writing": 1, "turn.running.stalled": 1 } }],
  egress: () => counters,
  turnEnds: new Map([["lost", 2]]),
  waiting: () => ({ sockets: 3, newcomers: 4 }),
});

const gaugeIn = (text: string, name: string): number => Number(text.match(new RegExp(`^${name} (\\S+)$`, "m"))?.[1]);

test("every value has its name, help and type", async () => {
  const text = await within(createMetrics(bounds).scrape(source()), "the metrics");
  const expected: [string, number][] = [
    ["turnwire_sockets", 1],
    ["turnwire_watches", 2],
    ["turnwire_surfaces", 3],
    ["turnwire_largest_lag_events", 8],
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
  for (const [name, value] of [
    ["turnwire_turn_events_total", 4],
    ["turnwire_deliveries_total", 12],
    ["turnwire_delivery_writes_total", 3],
    ["turnwire_writes_total", 9],
    ["turnwire_written_bytes_total", 10],
  ] as const) {
    assert.is(gaugeIn(text, name), value, name);
    assert.match(text, `# TYPE ${name} counter`);
  }
  assert.match(text, 'turnwire_closes_total{code="4001"} 2');
  assert.match(text, 'turnwire_refusals_total{code="rate-limited"} 1');
  assert.match(text, 'turnwire_turns_ended_total{end="lost"} 2');
  for (const [kind, many] of Object.entries({ sockets: 3, newcomers: 4, "long-messages": 2 }))
    assert.match(text, `turnwire_intake_waiting{kind="${kind}"} ${many}`);
  assert.match(text, 'turnwire_actors{chart="turn",state="running.stalled"} 1');
  assert.match(text, `turnwire_budget_bytes{limit="allLogsBytesMax"} ${limits.allLogsBytesMax}`);
  assert.match(text, 'turnwire_budget_bytes{limit="allUnsentBytesMax"} 12345', "the limits of this server");
  assert.match(text, "process_resident_memory_bytes");
});

test("the values are read once per scrape, at the moment of the scrape", async () => {
  let asked = 0;
  const counting = source(() => ({ ...figures, sockets: ++asked }));
  const metrics = createMetrics(bounds);
  assert.is(asked, 0);
  assert.is(gaugeIn(await within(metrics.scrape(counting), "the metrics"), "turnwire_sockets"), 1);
  assert.is(gaugeIn(await within(metrics.scrape(counting), "the metrics"), "turnwire_sockets"), 2);
});

test("two servers in one process have separate metrics", async () => {
  const both = [10, 20].map((sockets) => createMetrics(bounds).scrape(source(() => ({ ...figures, sockets }))));
  const texts = await within(Promise.all(both), "the metrics");
  assert.equal(
    texts.map((text) => gaugeIn(text, "turnwire_sockets")),
    [10, 20],
  );
});

test("counters keep their values across scrapes, and commits are counted by their duration", async () => {
  const metrics = createMetrics(bounds);
  await metrics.scrape(source());
  for (const tookMs of [0.05, 0.3, 40]) metrics.committed(tookMs);
  const text = await within(metrics.scrape(source()), "the metrics");
  assert.is(gaugeIn(text, "turnwire_turn_events_total"), 4);
  assert.match(text, 'turnwire_closes_total{code="4001"} 2');
  assert.match(text, 'turnwire_store_commit_seconds_bucket{le="0.0005"} 2');
  assert.match(text, "turnwire_store_commit_seconds_count 3");
});

test.run();

// The page of plots must be complete for any run, even if samples are missing.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { plots } from "./plots.ts";
import type { Results } from "./results.ts";
import type { Sample } from "./sample.ts";

const sample: Sample = {
  units: 10,
  seconds: 1,
  ratePerSecond: 10,
  cpuUs: 3,
  rssMiB: 100,
  generatorShare: 0.2,
  serverShare: 0.3,
};

const results: Results = {
  madeAt: "2026-01-02T03:04:05.000Z",
  quick: false,
  conditions: ["2 cores & more"],
  workloads: [
    {
      name: "one",
      title: "a <title>",
      unit: "delivery",
      parts: ["part"],
      lanes: ["turnwire", "plain-ws"],
      seconds: 1,
      samples: {
        part: { turnwire: [sample], "plain-ws": [{ ...sample, p50Ms: 1, p99Ms: 20, p999Ms: 400 }] },
      },
    },
  ],
  targets: [{ what: "x", measured: "1", bound: "< 2", holds: true }],
};

test("a run becomes one SVG with its texts escaped and no number missing", () => {
  const svg = plots(results);
  assert.match(svg, /^<svg [^>]*>.*<\/svg>\n$/s);
  assert.not.match(svg, /NaN|Infinity|undefined/);
  assert.match(svg, /a &lt;title&gt;/);
  assert.match(svg, /2 cores &amp; more/);
  assert.match(svg, /Targets: 1 of 1 hold/);
});

test("a run without results still gives a page", () => {
  const svg = plots({ ...results, workloads: [], targets: [] });
  assert.match(svg, /^<svg [^>]*>.*<\/svg>\n$/s);
  assert.not.match(svg, /NaN|Infinity|undefined/);
});

test.run();

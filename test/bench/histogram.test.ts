// Percentiles of the histogram must be as exact as the width of its buckets, for values of any size.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Histogram } from "./histogram.ts";
import { percentile } from "./statistics.ts";

const widest = 0.032;

test("small values are kept exactly", () => {
  const histogram = new Histogram();
  for (let value = 1; value <= 60; value++) histogram.record(value);
  assert.is(histogram.percentileUs(0.5), 30);
  assert.is(histogram.percentileUs(1), 60);
});

test("a percentile is never below the exact value, and at most one bucket above it", () => {
  const histogram = new Histogram();
  const values = Array.from({ length: 20_000 }, (_, index) => Math.floor(1.0009 ** index));
  for (const value of values) histogram.record(value);
  for (const share of [0.01, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = percentile(values, share);
    const found = histogram.percentileUs(share);
    assert.ok(found >= exact, `${share}: ${found} is below ${exact}`);
    assert.ok(found <= exact * (1 + widest) + 1, `${share}: ${found} is far above ${exact}`);
  }
});

test("values of several hours have a bucket, and negative values count as 0", () => {
  const histogram = new Histogram();
  histogram.record(-5);
  histogram.record(2 ** 35);
  assert.is(histogram.count, 2);
  assert.is(histogram.percentileUs(0.5), 0);
  assert.is(histogram.percentileUs(1), 2 ** 35);
});

test("the percentile of an empty or cleared histogram is NaN", () => {
  const histogram = new Histogram();
  assert.ok(Number.isNaN(histogram.percentileUs(0.5)));
  histogram.record(7);
  histogram.clear();
  assert.ok(Number.isNaN(histogram.percentileUs(0.5)));
});

test.run();

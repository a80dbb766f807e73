// A short soak: it must run, resume, see no hole and draw its plots. Only a soak of an hour can show growth:
// `npm run soak -- --minutes 60`.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import { chosenSeed } from "../support/seed.ts";
import { playSoak } from "./play.ts";
import { soakPlots } from "./plots.ts";

const test = suite("soak");

test("visitors come, go, stall and resume, and none misses an event", async () => {
  const seed = chosenSeed("soak");
  const look = { files: () => 0, handles: () => Number.NaN };
  const report = await playSoak({ seed, forMs: budgets.soakMs, least: { visits: 41, resumed: 1 }, visitors: 40, look });
  const { samples, holes, resumed, turns, visits } = report;
  assert.equal(holes, [], `SEED=${seed}`);
  assert.ok(resumed > 0 && turns > 0 && visits > 40 && samples.length > 5, JSON.stringify({ resumed, turns, visits }));
  const page = soakPlots(report);
  assert.match(page, /<polyline points="[\d., ]+"/);
  assert.match(page, "resident memory");
});

test.run();

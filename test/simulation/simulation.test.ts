// Plays the whole server on a simulated clock, once for each of many seeds (`npm run simulate -- --seeds 10000` plays
// more). Proves that a broken promise is found, shrunk and reproduced.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import { chosenSeed } from "../support/seed.ts";
import { film, inWords, type Sabotage, simulate } from "./simulate.ts";
import type { World } from "./world.ts";

const test = suite("simulation");

const seed = chosenSeed("simulation");

test("every promise is kept after every step, every run ends, and no actor or timer is left at the end", async () => {
  const { failures, ...figures } = await simulate({ seed, seeds: budgets.simulationSeeds });
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  assert.is(failures.map(inWords).join("\n"), "");
  assert.is(figures.seeds, budgets.simulationSeeds);
});

/** Does something to each write of a text-delta to each socket. */
const toAWrite =
  (spoil: (write: (frames: Buffer) => void, frames: Buffer) => void): Sabotage =>
  (world: World) => {
    for (const client of world.clients) {
      const connect = client.connect.bind(client);
      client.connect = (gateway) => {
        connect(gateway);
        const { link } = client;
        if (!link) return;
        const write = link.write.bind(link);
        link.write = (frames) => {
          if (frames.includes('"text-delta"')) spoil(write, frames);
          else write(frames);
        };
      };
    }
  };

const sabotages: [what: string, sabotage: Sabotage][] = [
  ["an event is lost on its way", toAWrite(() => {})],
  [
    "an event arrives twice",
    toAWrite((write, frames) => {
      write(frames);
      write(frames);
    }),
  ],
  [
    "an answer is not stored",
    ({ store }) => {
      const attempt = store.attempt.bind(store);
      store.attempt = (writes) =>
        attempt(
          writes.filter((write) => write.kind !== "chunks" || write.chunks.every(({ role }) => role !== "assistant")),
        );
    },
  ],
  ["a timer is left behind", ({ clock }) => void clock.setTimeout(() => {}, 1e12)],
  [
    "a watch is not ended",
    ({ gateway }) => {
      const { actors } = gateway;
      const count = actors.count.bind(actors);
      actors.count = (kind) => count(kind) + (kind === "watch" ? 1 : 0);
    },
  ],
];

for (const [what, sabotage] of sabotages)
  test(`a fault is found in few steps, and again from its seed: ${what}`, async () => {
    const { failures } = await simulate({ seed, seeds: 300, sabotage });
    const [failure] = failures;
    if (!failure) throw new Error("the fault is not found");
    assert.ok(failure.story.length < 30, inWords(failure));
    const { failures: again } = await simulate({ seed: failure.seed, seeds: 1, sabotage });
    assert.equal(again[0]?.story, failure.story);
  });

test("a seed is filmed: the same seed gives the same film, of every actor and every step", async () => {
  const { recording, failed } = await film(4);
  const again = await film(4);
  assert.is(JSON.stringify(again.recording), JSON.stringify(recording));
  assert.not(failed);
  const { actors, changes, captions = [] } = recording;
  const charts = [...new Set(actors.map(({ chart }) => chart))].sort();
  assert.equal(charts, ["connection", "conversation", "gateway", "surface", "turn", "watch"]);
  const ended = new Set(changes.flatMap(({ type, actorId }) => (type === "ended" ? [actorId] : [])));
  assert.equal(
    actors.filter(({ id }) => !ended.has(id)),
    [],
  );
  assert.is(captions.at(-1)?.text, "everything is let go");
  assert.ok(captions.some(({ text }) => text === "Ann connects"));
});

test("the film of a seed that fails is of the few steps that fail, and ends with what was broken", async () => {
  const [, sabotage] = sabotages[0] ?? [];
  const { failures } = await simulate({ seed, seeds: 300, ...(sabotage && { sabotage }) });
  const [failure] = failures;
  const { recording, failed } = await film(failure?.seed ?? 0, sabotage);
  assert.ok(failed);
  const captions = recording.captions?.map(({ text }) => text) ?? [];
  assert.equal(captions.slice(0, -1), failure?.story);
  assert.match(captions.at(-1) ?? "", /^FAILED: /);
});

test.run();

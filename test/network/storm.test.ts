// The storm test. It covers what the chaos test leaves out: a server that is killed, event logs that are dropped, tools
// and reasoning, stopped turns, and texts that are posted repeatedly. It also proves that the checker finds seeded
// faults. `node test/network/storm.ts --minutes 5 --seed 1 [--small]` runs longer, or repeats a failing seed.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets, isLong } from "../budgets.ts";
import { isRecord, type Message } from "../support/client/transcript.ts";
import { chosenSeed } from "../support/seed.ts";
import { playStorm, type StormReport } from "./storm/play.ts";

const test = suite("network: storm");

const seed = chosenSeed("storm");

function held({ tally, faults }: StormReport): void {
  process.stdout.write(`${tally}\n`);
  if (faults.length > 0) throw new Error(`SEED=${seed}: ${faults.length} faults\n${faults.slice(0, 3).join("\n")}`);
  assert.ok(tally.of("turns compared") > 0);
}

test("with small limits, kill -9 and a bad network, every client ends with exactly what was generated", async () => {
  const least = [
    "resumes recovered",
    "resumes not recovered",
    "closed with 4001",
    "kills of the server",
    "texts taken",
  ];
  const report = await playStorm({
    seed,
    forMs: budgets.network.stormMs,
    readers: budgets.network.stormReaders,
    least: Object.fromEntries(least.map((what) => [what, 1])),
    isSmall: true,
    ...{ killEveryMs: 4_000, downsMost: 2 },
  });
  held(report);
});

const { restarts, restartClients, restartsMs } = budgets.network;

test(`after planned restarts under load with ${restartClients} clients, every client has the whole text`, async () => {
  const least = { "planned restarts of the server": restarts, "closed with 1012": 1, "texts taken": 1 };
  const report = await playStorm({
    ...{ seed, readers: restartClients, conversations: restartClients / 10, posters: 2, everyMs: 600_000 },
    ...{ forMs: restartsMs, restartEveryMs: restartsMs / (restarts + 1), downsMost: restarts, least },
  });
  process.stdout.write(`${report.tally}\n`);
  assert.equal(report.faults.slice(0, 3), [], `SEED=${seed}`);
  assert.ok(report.tally.of("turns compared") > 0);
});

const isWord = (message: Message): boolean => isRecord(message["event"]) && message["event"]["type"] === "text-delta";

/** Applies `spoil` to the twentieth text delta only. */
function toTheTwentieth(spoil: (message: Message) => Message[]): (message: Message) => Message[] {
  let words = 0;
  return (message) => (isWord(message) && ++words === 20 ? spoil(message) : [message]);
}

const spoiled: Record<string, (message: Message) => Message[]> = {
  "loses an event": () => [],
  "hears an event twice": (message) => [message, message],
  "hears another word": (message) => {
    const event = isRecord(message["event"]) ? message["event"] : {};
    return [{ ...message, event: { ...event, delta: `${String(event["delta"]).slice(0, -1)}?` } }];
  },
};

for (const [what, spoil] of Object.entries(isLong ? spoiled : {}))
  test(`a reader that ${what} is reported with its story`, async () => {
    const calm = { forMs: 2_000, readers: 4, conversations: 2, posters: 0, everyMs: 60_000 };
    const { faults } = await playStorm({ seed, ...calm, spoil: toTheTwentieth(spoil) });
    assert.is(faults.length > 0, true);
    for (const fault of faults) assert.match(fault, /^reader 0 \(v1[^)]*\): .*\n +\d+\.\d+ connected/);
  });

test.run();

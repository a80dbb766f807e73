// Kills the server under load at random points, again and again. After each start, checks what it had promised.
import { rmSync } from "node:fs";
import { connect } from "../support/client.ts";
import { eventually } from "../support/deadline.ts";
import { Dice } from "../support/dice.ts";
import type { Failing, FailingDisk } from "../support/failing-disk.ts";
import { ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { listOf, statusOf } from "../support/system-http.ts";
import { isOk, judge, judgeTexts, read } from "./check.ts";
import { Ledger } from "./ledger.ts";
import { User } from "./user.ts";

export interface KillsOptions {
  seed: number;
  kills: number;
  users?: number;
  /** Before half of the kills the disk begins to fail at a random time. Sometimes it recovers before the kill. */
  disk?: FailingDisk | undefined;
  /** Damages the database between two starts, to test that the checks find it. */
  spoil?: (dataDir: string) => void;
  /** Called after each kill and check. */
  onKill?: (count: number, faults: number) => void;
}

export interface KillsReport {
  kills: number;
  turnsSeen: number;
  turnsSealed: number;
  textsTaken: number;
  keysAskedAgain: number;
  compactions: number;
  cancels: number;
  diskErrors: number;
  faults: string[];
}

const keysAtOnce = 5;
const allFailing: Failing[] = ["posix/io/rw/pwrite", "posix/io/sync/fsync"];

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Kills per database. With more kills, each check reads more data and takes longer. */
const killsPerLife = 50;

export async function playKills(options: KillsOptions): Promise<KillsReport> {
  const { seed, kills } = options;
  const dice = new Dice(seed);
  const report: KillsReport = {
    ...{
      kills: 0,
      turnsSeen: 0,
      turnsSealed: 0,
      textsTaken: 0,
      keysAskedAgain: 0,
      compactions: 0,
      cancels: 0,
      diskErrors: 0,
    },
    faults: [],
  };
  while (report.kills < kills && report.faults.length === 0)
    await playLife(options, dice, Math.min(killsPerLife, kills - report.kills), report);
  report.faults = report.faults.map((fault) => `SEED=${seed}: ${fault}`);
  return report;
}

async function playLife(options: KillsOptions, dice: Dice, kills: number, report: KillsReport): Promise<void> {
  const { users = 4, disk, spoil, onKill } = options;
  const around = disk?.around ?? [];
  const { faults } = report;
  const dataDir = temporaryDirectory();
  const ledger = new Ledger();
  const ids = Array.from({ length: users }, (_, index) => `user-${index}`);
  let server = await ServerProcess.start({ dataDir, around });
  try {
    for (let count = 0; count < kills && faults.length === 0; count++) {
      const wellUntil = await liveAndDie(server, ids, ledger, dice, disk);
      if (wellUntil < performance.now() && server.log.some(({ msg }) => msg === "store: writing fails"))
        report.diskErrors++;
      spoil?.(dataDir);
      server = await ServerProcess.start({ dataDir, around });
      faults.push(...judge(ledger, await read(server, faults), wellUntil));
      report.keysAskedAgain += await askAgain(server, ledger, dice, faults);
      ledger.begin();
      report.kills++;
      onKill?.(report.kills, faults.length);
    }
    await emptyQueues(server);
    faults.push(...judgeTexts(ledger, await read(server, faults)));
    await server.stop();
  } finally {
    if (!server.hasExited) await server.kill();
    rmSync(dataDir, { recursive: true, force: true });
  }
  const turns = [...ledger.turns.values()];
  report.turnsSeen += turns.length;
  report.turnsSealed += turns.filter(({ sealed }) => sealed).length;
  report.textsTaken += [...ledger.posted.values()].filter(({ answer }) => answer).length;
  report.compactions += ledger.compactions;
  report.cancels += ledger.cancels;
}

/** Returns the time up to which text had to be stored: the time of the kill, or of the first disk failure. */
async function liveAndDie(
  server: ServerProcess,
  ids: string[],
  ledger: Ledger,
  dice: Dice,
  disk: FailingDisk | undefined,
): Promise<number> {
  const users = await Promise.all(
    ids.map((conversationId) => User.arrive({ conversationId, server, dice: dice.fork(), ledger })),
  );
  const lives = users.map((user) => user.live());
  const failedAt = disk && dice.chance(0.5) ? await fail(disk, server, dice) : Number.POSITIVE_INFINITY;
  await pause(dice.between(20, 700));
  const killedAt = performance.now();
  await server.kill();
  await Promise.all(lives);
  for (const user of users) user.leave();
  return Math.min(killedAt, failedAt);
}

/** Makes some or all writes or syncs, or both, fail for a while or for good. Returns when that began. */
async function fail(disk: FailingDisk, { pid }: ServerProcess, dice: Dice): Promise<number> {
  await pause(dice.between(0, 400));
  const failing = dice.pick<Failing[]>([["posix/io/rw/pwrite"], ["posix/io/sync/fsync"], allFailing]);
  const failedAt = performance.now();
  for (const name of failing) disk.fail(pid, name, dice.pick([0.02, 0.2, 1]));
  if (dice.chance(0.5)) {
    await pause(dice.between(50, 1_500));
    for (const name of failing) disk.heal(pid, name);
    // Sometimes long enough for the store to recover.
    await pause(dice.between(0, 1_500));
  }
  return failedAt;
}

/** Repeats some of the requests with their keys. The replies must be the same, and no turn may begin. */
async function askAgain(server: ServerProcess, ledger: Ledger, dice: Dice, faults: string[]): Promise<number> {
  const answered = [...ledger.posted.values()].filter(({ answer }) => answer);
  if (answered.length === 0) return 0;
  using client = await connect(server.wsUrl, { protocols: ["turnwire.v1"] });
  for (let count = 0; count < keysAtOnce; count++) {
    const { name, request, answer } = dice.pick(answered);
    const id = `again-${count}`;
    client.send({ ...request, id });
    const { id: _, ...again } = await client.next({ type: "reply", id });
    if (JSON.stringify(again) !== JSON.stringify(answer))
      faults.push(`${name}: answered ${JSON.stringify(answer)}, and after the kill ${JSON.stringify(again)}`);
  }
  return keysAtOnce;
}

/** Sends another text to each conversation with a queue, so that the queued texts get into the histories. */
async function emptyQueues(server: ServerProcess): Promise<void> {
  const quiet = async (id: string): Promise<boolean> => !(await statusOf(server, id)).isActive;
  for (const { id } of await listOf(server)) {
    await eventually(() => quiet(id), `${id} to come to rest`);
    if ((await statusOf(server, id)).status !== "queued") continue;
    await eventually(() => isOk(server, `/conversations/${id}/queue`, { text: "and now?" }), `the queue of ${id}`);
    await eventually(() => quiet(id), `${id} to come to rest`);
  }
}

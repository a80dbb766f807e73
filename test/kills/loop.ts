// The server under load, killed at random points again and again; after each start it is held to what it had promised.
import { rmSync } from "node:fs";
import { limits } from "../../src/limits.ts";
import { connect } from "../support/client.ts";
import { eventually } from "../support/deadline.ts";
import { Dice } from "../support/dice.ts";
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
  /** Spoils the database between two starts, for the test of the test. */
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
  faults: string[];
}

/** The journal's pause, and how late a timer of a busy machine and its commit may be. */
const lateMs = limits.journalIntervalMs + 250;
const keysAtOnce = 5;

export async function playKills({ seed, kills, users = 4, spoil, onKill }: KillsOptions): Promise<KillsReport> {
  const dice = new Dice(seed);
  const dataDir = temporaryDirectory();
  const ledger = new Ledger();
  const faults: string[] = [];
  const ids = Array.from({ length: users }, (_, index) => `user-${index}`);
  let keysAskedAgain = 0;
  let server = await ServerProcess.start({ dataDir });
  try {
    for (let count = 1; count <= kills && faults.length === 0; count++) {
      const killedAt = await liveAndDie(server, ids, ledger, dice);
      spoil?.(dataDir);
      server = await ServerProcess.start({ dataDir });
      faults.push(...judge(ledger, await read(server, faults), killedAt, lateMs));
      keysAskedAgain += await askAgain(server, ledger, dice, faults);
      ledger.generation++;
      onKill?.(count, faults.length);
    }
    await emptyQueues(server);
    faults.push(...judgeTexts(ledger, await read(server, faults)));
    await server.stop();
  } finally {
    if (!server.hasExited) await server.kill();
    rmSync(dataDir, { recursive: true, force: true });
  }
  const turns = [...ledger.turns.values()];
  return {
    kills,
    turnsSeen: turns.length,
    turnsSealed: turns.filter(({ sealed }) => sealed).length,
    textsTaken: [...ledger.posted.values()].filter(({ answer }) => answer).length,
    keysAskedAgain,
    compactions: ledger.compactions,
    cancels: ledger.cancels,
    faults: faults.map((fault) => `SEED=${seed}: ${fault}`),
  };
}

/** Returns when it was killed. */
async function liveAndDie(server: ServerProcess, ids: string[], ledger: Ledger, dice: Dice): Promise<number> {
  const users = await Promise.all(
    ids.map((conversationId) => User.arrive({ conversationId, server, dice: dice.fork(), ledger })),
  );
  const lives = users.map((user) => user.live());
  await new Promise((resolve) => setTimeout(resolve, dice.between(20, 700)));
  const killedAt = performance.now();
  await server.kill();
  await Promise.all(lives);
  for (const user of users) user.leave();
  return killedAt;
}

/** Some of the requests once more, under their keys: the same answers, and nothing begins. */
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

/** What waits is sent with the next text, so that it can be looked for in the histories. */
async function emptyQueues(server: ServerProcess): Promise<void> {
  const quiet = async (id: string): Promise<boolean> => !(await statusOf(server, id)).isActive;
  for (const { id } of await listOf(server)) {
    await eventually(() => quiet(id), `${id} to come to rest`);
    if ((await statusOf(server, id)).status !== "queued") continue;
    await eventually(() => isOk(server, `/conversations/${id}/queue`, { text: "and now?" }), `the queue of ${id}`);
    await eventually(() => quiet(id), `${id} to come to rest`);
  }
}

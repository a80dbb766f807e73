// Long jobs run one at a time, one step in each turn of the event loop, with a cooldown after expensive jobs.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FairJobQueue, type Job } from "../../src/runtime/fair-job-queue.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("fair job queue");

function open(isAlone = false) {
  const clock = new SimulatedClock();
  const jobs = new FairJobQueue(
    clock,
    {
      longMessageCooldown: 100,
      longMessageCooldownMsMax: 2_000,
      longMessageWaitMsMax: 6_000,
    },
    () => isAlone,
  );
  const done: string[] = [];
  const job = (name: string, takesMs = 0, owner = "us"): Job => ({
    steps: [1, 2, 3].map((step) => () => {
      clock.hold(takesMs);
      done.push(`${name}${step}`);
    }),
    owner,
    bytes: 10,
  });
  return { clock, jobs, done, job };
}

test("one step runs in each turn of the event loop", () => {
  const { clock, jobs, done, job } = open();
  jobs.add(job("a"));
  assert.equal(done, []);
  for (const step of ["a1", "a2", "a3"]) {
    clock.turn();
    assert.is(done.at(-1), step);
  }
  assert.is(clock.pending, 0);
});

test("the next job begins when the one before it is done, after a cooldown proportional to its cost", () => {
  const { clock, jobs, done, job } = open();
  jobs.add(job("a", 1));
  jobs.add(job("b"));
  clock.settle();
  assert.equal(done, ["a1", "a2", "a3"]);
  clock.advance(299);
  assert.is(done.length, 3);
  clock.advance(1);
  clock.settle();
  assert.equal(done, ["a1", "a2", "a3", "b1", "b2", "b3"]);
  assert.is(clock.pending, 0);
});

test("the cooldown is bounded, and a job that comes after it does not wait", () => {
  const { clock, jobs, done, job } = open();
  jobs.add(job("a", 500));
  clock.settle();
  jobs.add(job("b"));
  clock.advance(2_000);
  clock.settle();
  assert.is(done.length, 6);
  clock.advance(10_000);
  jobs.add(job("c"));
  clock.settle();
  assert.is(done.length, 9);
});

test("each owner gets a turn, however many jobs another one adds", () => {
  const { clock, jobs, done, job } = open();
  for (const name of ["a", "b", "c", "d"]) jobs.add(job(name, 0, "them"));
  jobs.add(job("e"));
  clock.settle();
  assert.equal(
    done.filter((step) => step.endsWith("1")),
    ["a1", "e1", "b1", "c1", "d1"],
  );
});

test("the more jobs wait, the shorter are the cooldowns: all are done after about the maximum wait of one job", () => {
  const { clock, jobs, done, job } = open();
  for (let count = 0; count < 30; count++) jobs.add(job(`${count}.`, 20));
  let ms = 0;
  for (; done.length < 90 && ms < 60_000; ms++) clock.advance(1);
  // 6,000 ms / 29 + 6,000 ms / 28 + …, and no more than 2,000 ms each.
  assert.ok(clock.now() > 15_000 && clock.now() < 26_000, `${clock.now()} ms`);
});

test("waiting jobs are counted, with their bytes", () => {
  const { clock, jobs, job } = open();
  for (const name of ["a", "b", "c"]) jobs.add(job(name, 1));
  assert.equal([jobs.waiting, jobs.bytes], [3, 30]);
  clock.settle();
  assert.equal([jobs.waiting, jobs.bytes], [2, 20]);
  clock.advance(60_000);
  clock.settle();
  assert.equal([jobs.waiting, jobs.bytes], [0, 0]);
});

test("a waiting job can be cancelled, a job that has begun continues", () => {
  const { clock, jobs, done, job } = open();
  const [first, second, third] = [job("a", 1), job("b"), job("c")];
  for (const one of [first, second, third]) jobs.add(one);
  clock.turn();
  assert.not(jobs.cancel(first));
  assert.ok(jobs.cancel(second));
  clock.advance(10_000);
  clock.settle();
  assert.equal(done, ["a1", "a2", "a3", "c1", "c2", "c3"]);
  assert.not(jobs.cancel(third), "the job is done");
});

test("after all waiting jobs were cancelled, the next one begins as usual", () => {
  const { clock, jobs, done, job } = open();
  const only = job("a");
  jobs.add(only);
  assert.ok(jobs.cancel(only));
  clock.settle();
  jobs.add(job("b"));
  clock.settle();
  assert.equal(done, ["b1", "b2", "b3"]);
});

test("a step that throws does not block the queue", () => {
  const { clock, jobs, done, job } = open();
  const fails = (): void => {
    throw new Error("a defect");
  };
  const { steps, ...others } = job("a");
  jobs.add({ steps: [fails, ...steps], ...others });
  jobs.add(job("b"));
  assert.throws(() => clock.turn(), /a defect/);
  clock.settle();
  assert.equal(done, ["a1", "a2", "a3", "b1", "b2", "b3"]);
});

test("after a stop no waiting job runs, and no timer is left", () => {
  const { clock, jobs, done, job } = open();
  jobs.add(job("a", 1));
  jobs.add(job("b"));
  clock.settle();
  jobs.stop();
  assert.is(clock.pending, 0);
  jobs.add(job("c"));
  clock.advance(10_000);
  assert.is(done.length, 3);
  assert.is(clock.pending, 0);
});

test("if no one else could be delayed, an expensive job is followed by the next at once", () => {
  const { clock, jobs, done, job } = open(true);
  jobs.add(job("a", 10));
  jobs.add(job("b", 10));
  clock.settle();
  assert.equal(done, ["a1", "a2", "a3", "b1", "b2", "b3"]);
});

test.run();

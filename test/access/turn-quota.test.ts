// The number of running turns per token. It is recounted only when it seems to exceed the maximum.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { anyone } from "../../src/access/authoriser.ts";
import { TurnQuota } from "../../src/access/turn-quota.ts";

const test = suite("the quota of turns");

function quotaOf(most: number) {
  const active = new Set<string>();
  const asked: string[] = [];
  const quota = new TurnQuota({ runningTurnsPerTokenMax: most }, (id) => {
    asked.push(id);
    return active.has(id);
  });
  const start = (identity: { name: string; scope: "chat" }, id: string): string | undefined => {
    const refusal = quota.refusal(identity, id);
    if (refusal) return refusal.reason;
    active.add(id);
    quota.took(identity, id);
    return undefined;
  };
  return { quota, active, asked, start };
}

const phone = { name: "phone", scope: "chat" } as const;
const laptop = { name: "laptop", scope: "chat" } as const;

test("the running turns of one token are bounded, independently of other tokens", () => {
  const { start, quota } = quotaOf(2);
  assert.equal([start(phone, "a"), start(phone, "b"), start(phone, "c")], [undefined, undefined, "too-many"]);
  assert.is(start(laptop, "c"), undefined);
  assert.match(quota.refusal(phone, "d")?.message ?? "", '2 turns of the token "phone" are running, the maximum');
});

test("ended turns free their places, and the port is asked only when the maximum seems to be reached", () => {
  const { start, active, asked } = quotaOf(2);
  start(phone, "a");
  start(phone, "b");
  assert.equal(asked, []);
  active.delete("a");
  assert.is(start(phone, "c"), undefined);
  assert.equal(asked, ["a", "b"]);
  assert.is(start(phone, "d"), "too-many");
});

test("the orchestrator, not the quota, refuses a second turn in a conversation of the same token", () => {
  const { start, quota } = quotaOf(1);
  start(phone, "a");
  assert.is(quota.refusal(phone, "a"), undefined);
});

test("without tokens there is no bound, and a revoked token is forgotten", () => {
  const { start, quota, active } = quotaOf(1);
  for (const id of ["a", "b", "c"]) {
    active.add(id);
    quota.took(anyone, id);
  }
  assert.is(quota.refusal(anyone, "d"), undefined);
  start(phone, "e");
  quota.revoke((identity) => identity !== phone);
  assert.is(start(phone, "f"), undefined);
});

test.run();

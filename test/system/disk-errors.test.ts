// A disk that reports errors (EIO) while turns run, and then recovers. The server promises nothing that is not stored,
// and loses no text (protocol 1.3).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { budgets } from "../budgets.ts";
import { connect } from "../support/client.ts";
import { eventually } from "../support/deadline.ts";
import { type Failing, FailingDisk } from "../support/failing-disk.ts";
import { ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { ask, historyOf, statusOf, textsIn } from "../support/system-http.ts";
import { playScript, scriptText, untilSealed } from "../support/system-turns.ts";

const test = suite("a disk with errors while a turn runs");

const disk = FailingDisk.find();
if (!disk) process.stdout.write("skipped: fiu-run is not installed (Debian's package fiu-utils)\n");

const onDisk = (name: string, run: (disk: FailingDisk) => Promise<void>): void => {
  if (disk) test(name, () => run(disk));
  else test.skip(name);
};

const writes: Failing = "posix/io/rw/pwrite";

onDisk(
  "on disk errors the turn stays unsealed, new turns are refused and reads work; it seals once the disk recovers",
  async (disk) => {
    const dataDir = temporaryDirectory();
    const server = await ServerProcess.start({ dataDir, around: disk.around });
    using asker = await connect(server.wsUrl);
    using other = await connect(server.wsUrl);
    asker.send(playScript("before", { tokens: 3 }));
    await untilSealed(asker, "before");

    asker.send(playScript("failing", { tokens: 60, delayMs: 20, size: 200 }));
    await asker.nextEvent("failing", "text-delta");
    disk.fail(server.pid, writes);
    assert.is((await asker.nextEvent("failing", "done"))["reason"], "stop");
    await server.logged("orchestrator: a turn could not be sealed yet");
    other.send({ type: "chat.send", conversationId: "refused", message: "now?" });
    const refused = await other.next("chat.error");
    assert.match(String(refused["message"]), /could not be stored: .*the disk reports an error \(.+\); check the disk/);
    assert.is((await ask(server, "/chat", { method: "POST", body: { message: "now?" } })).status, 507);
    assert.equal(textsIn(await historyOf(server, "before"), "assistant"), [scriptText(3)], "reads still work");
    assert.equal(await statusOf(server, "failing"), { conversationId: "failing", isActive: true, status: "active" });

    disk.heal(server.pid, writes);
    const turn = await untilSealed(asker, "failing", limits.sealRetryMs + budgets.awaitMs);
    await server.logged("store: writing works again");
    assert.equal(textsIn(await historyOf(server, "failing"), "assistant"), [turn.text]);
    other.send({ type: "chat.send", conversationId: "refused", message: "now!" });
    assert.is((await untilSealed(other, "refused")).text, "now!");
    assert.equal(textsIn(await historyOf(server, "refused"), "user"), ["now!"], "the refused message left nothing");
    await server.stop();
  },
);

onDisk("turns that were sealed while some writes and syncs failed survive a kill", async (disk) => {
  const dataDir = temporaryDirectory();
  const first = await ServerProcess.start({ dataDir, around: disk.around });
  const flaky: [Failing, number][] = [
    [writes, 0.01],
    ["posix/io/sync/fsync", 0.2],
  ];
  for (const [name, probability] of flaky) disk.fail(first.pid, name, probability);
  const sealed = new Map<string, string>();
  using asker = await connect(first.wsUrl, { protocols: ["turnwire.v1"] });
  const count = (line: string): number => first.log.filter(({ msg }) => msg === line).length;
  const isWell = (): boolean => count("store: writing fails") === count("store: writing works again");
  let asked = 0;
  const begins = async (conversationId: string): Promise<boolean> => {
    const id = `ask-${++asked}`;
    asker.send({ ...playScript(conversationId, { tokens: 20, delayMs: 2, size: 300 }), id });
    return (await asker.next({ type: "reply", id }))["ok"] === true;
  };
  for (let turns = 0; turns < 6 || (turns < 100 && count("store: writing fails") === 0); turns++) {
    const conversationId = `turn-${turns}`;
    while (!(await begins(conversationId))) await eventually(isWell, "the store to be well again");
    const turn = await untilSealed(asker, conversationId, 5 * limits.sealRetryMs + budgets.awaitMs);
    sealed.set(conversationId, turn.text);
  }
  await first.kill();
  assert.ok(count("store: writing fails") > 0, "a write has failed");

  const second = await ServerProcess.start({ dataDir });
  for (const [conversationId, text] of sealed)
    assert.equal(textsIn(await historyOf(second, conversationId), "assistant"), [text], conversationId);
  await second.stop();
});

test.run();

// A disk that is full while a turn runs, and has room again. The server promises nothing that is not stored, and loses
// no text (protocol 1.3).
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { budgets } from "../budgets.ts";
import { connect } from "../support/client.ts";
import { runCommand, ServerProcess } from "../support/server-process.ts";
import { type Disk, mountDisk } from "../support/system-disk.ts";
import { ask, historyOf, statusOf, textsIn } from "../support/system-http.ts";
import { eventOf, playScript, scriptText, untilSealed } from "../support/system-turns.ts";

const test = suite("a full disk while a turn runs");

const disk = await mountDisk();
if (!disk) process.stdout.write("skipped: no file system of our own can be mounted here (unshare, nsenter, tmpfs)\n");
test.after(() => disk?.release());

const startOn = ({ place, around }: Disk, flags: string[] = []): Promise<ServerProcess> =>
  ServerProcess.start({ dataDir: place, around, flags });

/** A test that needs the disk. */
const onDisk = (name: string, run: (disk: Disk) => Promise<void>): void => {
  if (disk) test(name, () => run(disk));
  else test.skip(name);
};

onDisk(
  "on a full disk the turn stays unsealed, new turns are refused and reads work; it seals once there is room",
  async (disk) => {
    const server = await startOn(disk);
    using asker = await connect(server.wsUrl);
    using other = await connect(server.wsUrl);
    asker.send(playScript("before", { tokens: 3 }));
    await untilSealed(asker, "before");

    asker.send(playScript("full", { tokens: 60, delayMs: 20, size: 200 }));
    await asker.nextEvent("full", "text-delta");
    disk.fill();

    assert.is((await asker.nextEvent("full", "done"))["reason"], "stop");
    await server.logged("store: writing fails");
    await server.logged("orchestrator: a turn could not be sealed yet");
    const full = /^this could not be stored: .*the disk is full; free some space/;
    other.send({ type: "chat.send", conversationId: "refused", message: "now?" });
    const refused = await other.next("chat.error");
    assert.is(refused["conversationId"], "refused");
    assert.match(String(refused["message"]), full);
    other.send({ type: "chat.queue", conversationId: "full", text: "then this?" });
    assert.match(String((await other.next("chat.error"))["message"]), full);
    const chat = await ask(server, "/chat", { method: "POST", body: { message: "now?" } });
    assert.is(chat.status, 507);
    assert.is((await ask(server, "/conversations/before/title", { method: "PUT", body: { title: "x" } })).status, 507);
    asker.send({ type: "chat.send", conversationId: "full", message: "now?" });
    assert.match(String((await asker.next("chat.error"))["message"]), /already generating/);

    assert.equal(textsIn(await historyOf(server, "before"), "assistant"), [scriptText(3)], "reads still work");
    assert.equal(await statusOf(server, "full"), { conversationId: "full", isActive: true, status: "active" });
    assert.is((await ask(server, "/readyz")).status, 200);
    assert.not.ok(
      asker.transcript("full").turns.some(({ sealed }) => sealed),
      "no turn is sealed too early",
    );

    disk.free();
    const turn = await untilSealed(asker, "full", limits.sealRetryMs + budgets.awaitMs);
    await server.logged("store: writing works again");
    assert.is(turn.text.replaceAll(/ +/g, " "), scriptText(60));
    const history = await historyOf(server, "full");
    assert.is(eventOf(turn, "turn-sealed")["latestSeq"], history.latestSeq);
    assert.equal(textsIn(history, "assistant"), [turn.text]);
    other.send({ type: "chat.send", conversationId: "refused", message: "now!" });
    assert.is((await untilSealed(other, "refused")).text, "now!");
    assert.equal(textsIn(await historyOf(server, "refused"), "user"), ["now!"], "the refused message left nothing");
    await server.stop();
  },
);

onDisk(
  "a stop on a full disk still completes, and the next start seals the turn with the stored text",
  async (disk) => {
    const first = await startOn(disk, ["--drain-ms", "500"]);
    using asker = await connect(first.wsUrl);
    asker.send(playScript("stopped", { tokens: 50, delayMs: 20, hang: true }));
    await asker.nextEvent("stopped", (event) => String(event["delta"]).includes("w19 "));
    disk.fill();
    first.signal("SIGTERM");
    assert.is((await asker.nextEvent("stopped", "done"))["reason"], "interrupted");
    const exit = await first.untilExit();
    assert.is(exit.code, 0, exit.stderr);
    await asker.untilClosed();
    const messages = first.log.map(({ msg }) => msg);
    assert.ok(messages.includes("orchestrator: turns are left unsealed; the next start recovers them"));
    const seen = asker.transcript("stopped");
    assert.not.ok(seen.turns.some(({ sealed }) => sealed));

    disk.free();
    const second = await startOn(disk);
    await second.logged("orchestrator: a turn that a crash left open was sealed");
    const [kept = ""] = textsIn(await historyOf(second, "stopped"), "assistant");
    assert.ok(seen.text.startsWith(kept) && kept.length > 0, "what was stored before the disk was full is kept");
    assert.equal(await statusOf(second, "stopped"), { conversationId: "stopped", isActive: false, status: "idle" });
    await second.stop();
  },
);

onDisk(
  "a start on a full disk serves what is stored and writes once there is room; a new directory is refused",
  async (disk) => {
    disk.fill();
    const flags = ["--port", "0", "--http-port", "0", "--data-dir", join(disk.place, "new")];
    const refused = await runCommand(["serve", ...flags], { around: disk.around });
    assert.equal([refused.code, refused.stdout], [2, ""]);
    assert.match(
      refused.stderr,
      /^turnwire: The disk with turnwire\.db in the data directory [^\n]*new is full[^\n]*\n$/,
    );

    const server = await startOn(disk);
    assert.equal(textsIn(await historyOf(server, "before"), "assistant"), [scriptText(3)]);
    using client = await connect(server.wsUrl);
    client.send({ type: "chat.send", conversationId: "before", message: "now?" });
    assert.match(String((await client.next("chat.error"))["message"]), /the disk is full/);
    disk.free();
    await server.logged("store: writing works again");
    client.send(playScript("before", { tokens: 2 }));
    assert.is((await untilSealed(client, "before")).text, scriptText(2));
    await server.stop();
  },
);

test.run();

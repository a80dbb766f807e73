// What happens to the server of the conversation model apart from requests: its disk is full, its own code has a
// defect, it refuses turns, stops, ends, crashes and starts again. This code must never touch an actor.
import * as assert from "uvu/assert";
import { fixtureLimits } from "../../fixtures.ts";
import type { ConversationModelEvent } from "../../models/conversation.ts";
import { soon } from "../soon.ts";
import { seals } from "./ending.ts";
import { fullDisk, refusesTurns, type Visit } from "./visit.ts";

type Events = Record<
  Extract<ConversationModelEvent["type"], `disk.${string}` | `defect.${string}` | `server.${string}`>,
  (visit: Visit) => Promise<void>
>;

async function goesDown(visit: Visit, event: ConversationModelEvent, dataDir: string): Promise<void> {
  visit.advance(event);
  visit.isDown(dataDir);
}

export const world: Events = {
  async "disk.fills"(visit) {
    visit.server.store.fails = fullDisk;
    visit.advance({ type: "disk.fills" });
  },
  async "disk.frees"(visit) {
    visit.server.store.fails = undefined;
    visit.advance({ type: "disk.frees" });
  },
  async "defect.inTurn"(visit) {
    // When the turn fails, the server appends this text to the journal, and that append throws.
    visit.puppet.say({ type: "text-delta", delta: " and more" });
    visit.story.turn.said += " and more";
    if (visit.signals.watched) await visit.person.nextEvent(visit.id, { delta: " and more" });
    else await soon(() => visit.server.clock.waiting(fixtureLimits.journalIntervalMs) > 0, "the delta");
    visit.server.traps.next = "append";
    visit.puppet.fail(new Error("it broke"));
    visit.story.concludes("error", "the turn failed inside the server");
    visit.advance({ type: "defect.inTurn" });
  },
  async "defect.inSeal"(visit) {
    visit.server.traps.next = "latestSeq";
    visit.defects++;
    visit.story.concludes("stop");
    await seals(visit, () => visit.puppet.finish(), { type: "defect.inSeal" });
  },
  async "server.refuses"(visit) {
    visit.server.embedded.setRefusing(refusesTurns);
    visit.advance({ type: "server.refuses" });
  },
  async "server.accepts"(visit) {
    visit.server.embedded.setRefusing(undefined);
    visit.advance({ type: "server.accepts" });
  },
  async "server.crashes"(visit) {
    visit.compaction = undefined;
    await goesDown(visit, { type: "server.crashes" }, await visit.server.crash());
  },
  async "server.stops"(visit) {
    const { server, person, story, signals } = visit;
    if (visit.isGenerating) story.concludes("interrupted");
    const hadTurn = visit.status === "active";
    if (hadTurn && !signals.diskIsFull) {
      if (visit.is({ up: "recovering" })) story.recovers();
      else story.seals();
    }
    const { compaction } = visit;
    visit.compaction = undefined;
    await server.stop();
    assert.equal(await person.untilClosed(), { code: 1012, reason: "server restarting" });
    assert.equal(await person.next("server.draining"), {
      type: "server.draining",
      deadlineMs: 0,
      reconnectAfterMs: fixtureLimits.reconnectAfterMs,
    });
    assert.equal(visit.seen(), story.shown());
    if (compaction) {
      const error = "the compaction was stopped because the server stops";
      assert.equal(await compaction, { status: 503, body: { error } });
    }
    await goesDown(visit, { type: "server.stops" }, server.dataDir);
  },
  async "server.endsAtOnce"(visit) {
    const { server, story } = visit;
    if (visit.isGenerating) story.concludes("interrupted");
    if (visit.status === "active" && !visit.is({ up: "recovering" })) story.seals();
    visit.compaction = undefined;
    await server.end();
    await goesDown(visit, { type: "server.endsAtOnce" }, server.dataDir);
  },
  async "server.starts"(visit) {
    const { unsealed } = visit.signals;
    await visit.startServer();
    visit.advance({ type: "server.starts" });
    if (unsealed && visit.isResting) visit.story.recovers();
    visit.story.startsAgain(visit.status);
  },
};
